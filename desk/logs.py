"""What may stand in a log: which code did what for which conversation, and no word of a patient.

Messages and exceptions of other people's code may quote whatever they were given: a path, a row of the
database, a request's body. Such records are told apart by their logger and keep what cannot quote.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import logging.config
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, TextIO
from urllib.parse import unquote

from django.urls import Resolver404, resolve

from core.masking import struck

logger = logging.getLogger(__name__)

#: Stands for the path of a request that has no address of the desk, and for odd methods.
UNKNOWN = "?"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Packages whose messages are written for this log.
_OURS = frozenset({"desk", "core"})
#: Packages that never see what patients write, except in an exception.
_STRANGERS_TO_PATIENTS = frozenset({"uvicorn", "celery", "kombu", "amqp", "py"})
#: Exceptions whose messages quote nobody.
_SAFE = frozenset(
    {
        "ConnectionAbortedError", "ConnectionRefusedError", "ConnectionResetError",
        "FileNotFoundError", "OSError", "PermissionError", "TimeoutError",
        "core.faults.DataError", "core.knowledge_source.UnreachableError",
        "desk.conversations.outbox.DeliveryError", "desk.conversations.rasa.RasaError",
        "desk.environment.SettingsError",
    }
)  # fmt: skip
_conversation: ContextVar[str] = ContextVar("conversation", default="")


@contextlib.contextmanager
def one_job() -> Iterator[None]:
    """What is done for a conversation; it begins without one."""
    token = _conversation.set("")
    try:
        yield
    finally:
        _conversation.reset(token)


def about(conversation: object) -> None:
    """Says which conversation the job or the request is about from now on.

    Args:
        conversation: its opaque name.
    """
    _conversation.set(str(conversation))


def configure(config: dict[str, Any]) -> None:
    """Sets logging up (``LOGGING_CONFIG``) for whatever else writes to the log, too: uvicorn, warnings,
    errors in threads.

    Args:
        config: as ``logging.config.dictConfig`` takes it.
    """
    logging.config.dictConfig(config)
    for name in ("uvicorn", "uvicorn.access"):
        server = logging.getLogger(name)
        if server.handlers:  # without any it was told to be silent
            server.handlers.clear()
            server.propagate = True
    warnings.showwarning = _warned
    threading.excepthook = sys.unraisablehook = _failed


def method_of(name: str | None) -> str:
    """A request's method, if it is one."""
    return name if name in _METHODS else UNKNOWN


class Private(logging.Filter):
    """Makes of each record one that may be kept."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        """A record with what may be kept of another."""
        kept = _request(record)
        message = " ".join(map(str, kept.values())) if kept else _message(record)
        conversation = getattr(record, "conversation", "") or _conversation.get()
        if conversation:
            kept["conversation"] = conversation
        error = record.exc_info[1] if record.exc_info else None
        time = dt.datetime.fromtimestamp(record.created, dt.UTC)
        return logging.makeLogRecord(
            {
                "name": record.name,
                "levelno": record.levelno,
                "levelname": record.levelname,
                "created": record.created,
                "msecs": record.msecs,
                "process": record.process,
                "msg": message,
                "exc_text": "".join(_told(error)).rstrip() if error else None,
                "time": time.isoformat(timespec="milliseconds"),
                "_suffix": f" [{conversation}]" if conversation else "",
                **kept,
            }
        )


def _request(record: logging.LogRecord) -> dict[str, Any]:
    """What may be kept of a request, whose path holds a patient's address; empty if it is about none."""
    if record.name == "uvicorn.access" and isinstance(record.args, tuple):
        _, method, path, _, status = record.args
        path = unquote(str(path).partition("?")[0])
    elif hasattr(record, "request"):
        method, path = record.request.method, record.request.path_info
        status = getattr(record, "status_code", None)
    else:
        return {}
    return {"method": method_of(str(method)), "route": _route(path), "status": status}


def _route(path: str) -> str:
    """The address that a path is one of, as it stands in the URL configuration."""
    try:
        return f"/{resolve(path).route}"
    except Resolver404:
        return UNKNOWN


def _message(record: logging.LogRecord) -> str:
    package = record.name.partition(".")[0]
    if package in _OURS:
        return struck(record.getMessage())
    if not isinstance(record.msg, str):
        return _name(record.msg) if isinstance(record.msg, BaseException) else UNKNOWN
    if package in _STRANGERS_TO_PATIENTS:
        return record.msg.strip() if record.exc_info else _filled_in(record.msg, record.args)
    # Filled in already, perhaps; then it is found by its place.
    return record.msg if record.args else f"{record.module}:{record.lineno}"


def _filled_in(message: str, args: Any) -> str:
    """A message with its arguments, of exceptions only what they are."""
    if isinstance(args, tuple):
        args = tuple(_name(arg) if isinstance(arg, BaseException) else arg for arg in args)
    try:
        return message % args if args else message
    except (TypeError, ValueError):
        return message


def _name(error: BaseException) -> str:
    """What an exception is; what it says only if that quotes nobody."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    # PostgreSQL's and SQLite's codes.
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    said = str(error) if name in _SAFE else code
    return f"{name}: {said}" if said else name


def _told(error: BaseException, told: frozenset[int] = frozenset()) -> Iterator[str]:
    """An exception's traceback and name behind those of what it came of, without their messages."""
    told |= {id(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in told:
        yield from _told(cause, told)
        yield "\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{_name(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _told(part, told)


def _warned(
    message: Warning | str,  # noqa: ARG001
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    logging.getLogger("py.warnings").warning("%s, %s:%d", category.__name__, filename, lineno)


def _failed(error: Any) -> None:
    """Logs what nobody caught: in a thread, or where Python can raise nothing."""
    if error.exc_type is not SystemExit:
        information = error.exc_type, error.exc_value, error.exc_traceback
        logger.error("an error that nobody caught", exc_info=information)
