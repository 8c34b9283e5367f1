"""What the environment says about this desk, checked before anything starts.

Everything has a default that is right for one machine and wrong for the internet; ``DESK_PRODUCTION=1``
refuses those that are.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from core.locale import sentence

ROOT = Path(__file__).resolve().parent.parent
#: Shortest secret that production accepts, in characters.
MIN_SECRET = 40
_YES_NO = {"1": True, "0": False, "": False}
_SECRET_FILE = "secret"


class SettingsError(Exception):
    """The environment cannot be used; one sentence a fault, in Japanese."""


@dataclass(frozen=True)
class Environment:
    """The desk's settings.

    Attributes:
        production: whether patients reach it.
        debug: whether Django shows its inner workings on an error.
        secret: signs sessions and tokens.
        database: a database URL.
        hosts: names under which the desk is reached.
        origins: the same as origins (https://…) for forms.
        data: the data folder.
        rasa: address of the Rasa server.
        rasa_seconds: how long a turn may wait for it.
        api_tokens: who may use ``/api/``.
        api_callback: where replies of the HTTP channel are posted to; "" for nowhere.
        turns_a_minute: messages of one conversation that the bot answers in a minute.
        shared: where processes share counters, a URL of ``limits``: memory://, redis://….
        workers: turns at once in this process.
    """

    production: bool
    debug: bool
    secret: str
    database: str
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    data: Path
    rasa: str
    rasa_seconds: float
    api_tokens: tuple[str, ...]
    api_callback: str
    turns_a_minute: int
    shared: str
    workers: int


def read_environment(values: Mapping[str, str], folder: Path = ROOT / ".run") -> Environment:
    """The settings of some environment variables.

    Args:
        values: the variables.
        folder: where a secret of this machine is kept when none is given.

    Raises:
        SettingsError: something is missing, cannot be read, or is not fit for production.
    """
    faults: list[str] = []

    def flag(name: str) -> bool:
        value = values.get(name, "")
        if value not in _YES_NO:
            faults.append(sentence("settings.not_a_flag", name=name, value=value))
        return _YES_NO.get(value, False)

    def number(name: str, default: float, least: float, most: float) -> float:
        text = values.get(name) or str(default)
        try:
            value = float(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            faults.append(
                sentence("settings.not_in_range", name=name, value=text, least=least, most=most)
            )
            return default
        return value

    def address(name: str, default: str) -> str:
        value = values.get(name) or default
        if value and not value.startswith(("http://", "https://")):
            faults.append(sentence("settings.not_an_address", name=name, value=value))
        return value.rstrip("/")

    production, debug = flag("DESK_PRODUCTION"), flag("DESK_DEBUG")
    hosts = _listed(values.get("DESK_HOSTS", ""))
    data = Path(values.get("DESK_DATA") or ROOT / "data")
    secret = values.get("DESK_SECRET", "")
    tokens = _listed(values.get("DESK_API_TOKENS", ""))
    environment = Environment(
        production=production,
        debug=debug,
        secret=secret,
        database=values.get("DATABASE_URL") or f"sqlite:///{folder / 'desk.sqlite3'}",
        hosts=hosts or ("localhost", "127.0.0.1", "[::1]"),
        origins=tuple(f"https://{host}" for host in hosts if not _is_local(host)),
        data=data,
        rasa=address("RASA_URL", f"http://127.0.0.1:{values.get('RASA_PORT') or 5005}"),
        rasa_seconds=number("DESK_RASA_SECONDS", 8, 0.1, 60),
        api_tokens=tokens,
        api_callback=address("DESK_API_CALLBACK", ""),
        turns_a_minute=int(number("DESK_TURNS_A_MINUTE", 20, 1, 10_000)),
        shared=values.get("DESK_SHARED") or "memory://",
        workers=int(number("DESK_WORKERS", 8, 1, 200)),
    )
    faults += [
        sentence("settings.short_token", name="DESK_API_TOKENS", least=MIN_SECRET)
        for token in tokens
        if len(token) < MIN_SECRET
    ]
    if production:
        faults += _unfit(environment)
    if faults:
        raise SettingsError("\n".join(faults))
    return environment if secret else _with_own_secret(environment, folder)


def _unfit(environment: Environment) -> list[str]:
    """What production does not accept."""
    faults = []
    if environment.debug:
        faults.append(sentence("settings.debug"))
    if len(environment.secret) < MIN_SECRET or len(set(environment.secret)) < MIN_SECRET // 4:
        faults.append(sentence("settings.secret", least=MIN_SECRET))
    if not environment.origins:
        faults.append(sentence("settings.hosts"))
    clinic = environment.data / "knowledge" / "clinic.yml"
    try:
        demo = yaml.safe_load(clinic.read_text(encoding="utf-8")).get("demo", True)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError):
        demo = True
    if demo:
        faults.append(sentence("settings.demo_clinic", path=clinic))
    return faults


def _with_own_secret(environment: Environment, folder: Path) -> Environment:
    """The settings with a secret of this machine's own, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _SECRET_FILE
    with contextlib.suppress(FileExistsError):
        # Written whole before it has its name: of two processes at once, both read the same one.
        handle, partial = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(partial, path)
        finally:
            Path(partial).unlink()
    return replace(environment, secret=path.read_text(encoding="ascii"))


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
