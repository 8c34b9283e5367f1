"""Puts another model in the place of the present one while patients write.

A second Rasa server with the new model answers while the first one loads it (20 seconds in which it answers
nobody); then the first one answers again and the second ends. Conversations move along each time. Several
servers of the settings (``desk.conversations.replicas``) load it one after the other.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q

from core.locale import sentence
from desk.conversations.locks import conversation_lock
from desk.conversations.models import Conversation
from desk.conversations.rasa import Rasa, RasaError
from desk.conversations.replicas import Replicas
from desk.training.model_file import PlacingError
from desk.training.route import RoutedRasa, move, set_route
from tools.bot_commands import rasa_command, rasa_environment
from tools.model_check import ModelError, check_model
from tools.places import LOOPBACK, Ports, free_ports
from tools.programs import Output, running, wait_until

logger = logging.getLogger(__name__)

#: Conversations in which nobody has written for longer are not moved.
MOVED_HOURS = 24
#: Seconds: until a server is ready, until it has loaded a model, and after the route has changed, until
#: whoever has read it before has asked.
READY_SECONDS, LOAD_SECONDS, SETTLE_SECONDS = 180.0, 180.0, 2.0
#: How often a conversation's lock is tried again.
_RETRY_SECONDS = 0.05
#: How often it is noted that conversations are being moved.
TICK_SECONDS = 1.0
#: A text whose answer nobody reads, by which a server shows that it can answer.
_WARM_UP = "warm-up"

#: Notes that somebody is at it, with what a program has printed and what is being done.
Tick = Callable[[Output | None, str], None]


class SwapError(Exception):
    """The model was not changed, or not as it should be; ``str`` says why, in Japanese."""


def is_local() -> bool:
    """Whether the Rasa servers of the settings run on this machine."""
    hosts = {urlsplit(url).hostname for url in settings.ENVIRONMENT.rasa}
    return hosts <= {"127.0.0.1", "localhost", "::1"}


@contextlib.contextmanager
def candidate(model: Path, tick: Tick) -> Iterator[str]:
    """Runs a Rasa server with a model while the block runs.

    Args:
        model: the file.
        tick: called while it starts; what it raises ends it.

    Yields:
        Its address.

    Raises:
        SwapError: it is damaged, has learnt other data, or does not start.
    """
    try:
        check_model(model, settings.ENVIRONMENT.data)
    except ModelError as error:
        raise SwapError(str(error)) from error
    (port,) = free_ports(1)
    ports = replace(Ports.from_environment(), rasa=port, rasa_host=LOOPBACK)
    with running(rasa_command(ports, model), rasa_environment()) as (process, output):
        server = Rasa(ports.rasa_url, READY_SECONDS)
        up = wait_until(
            lambda: process.poll() is not None or server.model() is not None,
            READY_SECONDS, partial(tick, output, ""),
        )  # fmt: skip
        if not up or process.poll() is not None:
            tick(output, "")
            raise SwapError(sentence("training.no_start"))
        _warm_up(server)
        yield ports.rasa_url


def swap(
    model: Path, present: Path, home: Sequence[str], in_place: Callable[[], None], tick: Tick
) -> None:
    """Has the servers of the settings answer with another model, without a turn that fails.

    Args:
        model: the file.
        present: that of the model it starts with so far, which it goes back to when this comes to nothing.
        home: the addresses of those servers.
        in_place: puts the file where the next start finds it.
        tick: called again and again; what it raises before the server answers again ends the change.

    Raises:
        SwapError: the file is not in place; it says which model answers.
    """
    routed, server = RoutedRasa(home, LOAD_SECONDS), Replicas(home, LOAD_SECONDS)
    if not server.are_all_up():
        raise SwapError(sentence("training.no_rasa"))
    back: Path | None = present
    try:
        with candidate(model, tick) as url:
            try:
                hand_over(url, "", routed, tick)
                _load(server, model, tick)
                in_place()
                back = None
            finally:
                _go_home(server, model, back, url, routed, tick)
    except (SwapError, PlacingError) as error:
        answers = "new_answers" if server.model() == model.name else "old_answers"
        raise SwapError(f"{error}{sentence(f'training.{answers}')}") from error


def _go_home(
    server: Replicas, model: Path, back: Path | None, url: str, routed: RoutedRasa, tick: Tick
) -> None:
    """Has the server of the settings answer again, as soon as it can, whatever becomes of the notes; with
    another model instead of the new one, where there is one to go back to.
    """

    def noted(output: Output | None, part: str) -> None:
        try:
            tick(output, part)
        except Exception as error:
            logger.warning("a change of models was not noted: %s", error)

    try:
        _wait_for(server, noted)
        if back and server.uses(model.name):
            try:
                _load(server, back, noted)
            except SwapError as error:
                logger.error("the new model answers, though it is not in place: %s", error)
            _wait_for(server, noted)
        hand_over("", url, routed, noted)
    finally:
        set_route("", None)


def _wait_for(server: Replicas, tick: Tick) -> None:
    """Waits until the server of the settings is back, however long; until then the candidate answers."""
    part = ""
    while not wait_until(
        lambda: server.model() is not None, LOAD_SECONDS, partial(tick, None, part)
    ):
        part = sentence("training.part_no_home")
        logger.error("the Rasa server does not come back; the candidate answers")


def hand_over(url: str, other: str, routed: RoutedRasa, tick: Tick) -> None:
    """Has another server answer from now on, with the conversations of the one that did.

    Args:
        url: the one that answers, as in ``Route``.
        other: the one that did.
        routed: their clients.
        tick: called in between.
    """
    set_route(url, other)
    source, target = routed.client(other), routed.client(url)
    moved, ticked = 0, -TICK_SECONDS
    for conversation in _recent():
        while not (done := _moved(conversation, source, target)):
            time.sleep(_RETRY_SECONDS)
            ticked = _tick_now_and_then(tick, ticked)
        ticked = _tick_now_and_then(tick, ticked)
        moved += done == "moved"
    logger.info("conversations moved: %s", moved)
    set_route(url, None)
    time.sleep(SETTLE_SECONDS)


def _tick_now_and_then(tick: Tick, last: float) -> float:
    """Says that somebody is at it, unless that was said a moment ago; when it was said last."""
    now = time.monotonic()
    if now - last < TICK_SECONDS:
        return last
    tick(None, "")
    return now


def _recent() -> list[Conversation]:
    """Conversations in which somebody wrote not long ago, after the route has changed: whoever is being
    answered is among them.
    """
    since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=MOVED_HOURS)
    recent = Q(messages__received_at__gte=since) | Q(messages__answered_at=None)
    found = Conversation.objects.filter(recent, messages__isnull=False)
    return list(found.only("pk", "sender").distinct())


def _moved(conversation: Conversation, source: Replicas, target: Replicas) -> str:
    """What became of a conversation; "" while somebody is answering it."""
    with conversation_lock(conversation.pk, "answer") as mine:
        if not mine:
            return ""
        try:
            return "moved" if move(source, target, str(conversation.sender)) else "empty"
        except RasaError as error:
            logger.warning("a conversation was not moved: %s", error)
            return "lost"


def _load(server: Replicas, model: Path, tick: Tick) -> None:
    with ThreadPoolExecutor(1, "load-model") as executor:
        loading = executor.submit(server.load, model, LOAD_SECONDS)
        wait_until(loading.done, LOAD_SECONDS * len(server.each), partial(tick, None, ""))
        try:
            loading.result()
        except RasaError as error:
            raise SwapError(sentence("training.not_loaded", detail=error)) from error
    if server.model() != model.name:
        raise SwapError(sentence("training.not_loaded", detail=model.name))
    for each in server.each:
        _warm_up(each)


def _warm_up(server: Rasa) -> None:
    """The first answers of a server take longer; they are nobody's."""
    for number in range(2):
        with contextlib.suppress(RasaError):
            # Under a new name: what another server has answered would only be looked up.
            server.ask(f"{_WARM_UP}-{number}", uuid.uuid4().hex, _WARM_UP, {})
