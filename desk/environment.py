"""What the environment says about this desk, checked before anything starts.

Everything has a default that is right for one machine and wrong for the internet; ``DESK_PRODUCTION=1``
refuses those that are.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from core.locale import sentence
from core.networks import is_internal, own_address
from core.secret_files import SecretFileError, with_files
from desk.seals.keys import Key, read_keys

ROOT = Path(__file__).resolve().parent.parent
#: Shortest secret that production accepts, in characters.
MIN_SECRET = 40
#: How mail to staff may be sent: as it is, or by STARTTLS (``dj_email_url``).
MAIL_SCHEMES = ("smtp", "submission")
#: How the broker's address may begin: Redis, Redis by TLS, RabbitMQ, RabbitMQ by TLS.
BROKERS = ("redis://", "rediss://", "amqp://", "amqps://")
#: How the log is written: a JSON object a line, or text for a terminal.
LOG_STYLES = ("json", "text")
#: Days for which kinds of data are kept, by default, and the fewest that may be chosen. ``records``,
#: conversations, follow what patients are told, if that names a period (``desk.privacy.periods``); the
#: audit log's least is the one that the database holds to (``desk/audit/migrations``).
KEPT_DAYS = {
    "records": (1830, 1), "bot_only": (1830, 1), "line_events": (30, 2), "unsent": (30, 2),
    "web_sessions": (30, 2), "logins": (90, 1), "notices": (90, 1), "tracker": (30, 1),
    "audit": (1830, 1098), "backups": (35, 1),
}  # fmt: skip
_YES_NO = {"1": True, "0": False, "": False}
_SECRET_FILE, _KEY_FILE, _OLD_LINE_KEY_FILE = "secret", "seal-key", "line-key"
#: The name of the key that this machine makes itself.
_KEY_NAME = "own"


class SettingsError(Exception):
    """The environment cannot be used; one sentence a fault, in Japanese."""


@dataclass(frozen=True)
class Address:
    """Where a process listens: a numeric address and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class LineAccount:
    """A Messaging API channel.

    Attributes:
        secrets: channel secrets that sign webhooks; the old and the new one while it is changed.
        token: a long-lived channel access token; "" for stateless ones, made from ``channel``.
        channel: the channel's id.
        user: the account's own user id, to which webhooks are addressed.
        url: address of the platform.
        old_keys: what sealed patients' user ids before ``DESK_KEYS`` did; for the migration alone.
    """

    secrets: tuple[str, ...]
    token: str
    channel: str
    user: str
    url: str
    old_keys: tuple[str, ...]


@dataclass(frozen=True)
class Environment:
    """The desk's settings.

    Attributes:
        production: whether patients reach it.
        debug: whether Django shows its inner workings on an error.
        secret: signs sessions and tokens.
        secret_fallbacks: secrets before it, by which what they signed still counts.
        keys: seal what patients wrote (``desk.seals``); the first seals, all open.
        database: a database URL.
        hosts: names under which the desk is reached.
        internal_hosts: names that only neighbours use: the action server, whoever sees whether it is well.
        origins: the same as origins (https://…) for forms.
        web_origins: origins of pages that show the web chat, besides the desk's own.
        web_sessions_a_minute: visitors who may begin in a minute from one network.
        data: the data folder.
        gate: the folder of the frozen sets that the gate goes through.
        rasa: addresses of the Rasa servers.
        rasa_seconds: how long a turn may wait for it.
        api_tokens: who may use ``/api/``.
        api_callback: where replies of the HTTP channel are posted to; "" for nowhere.
        turns_a_minute: messages of one conversation that the bot answers in a minute.
        broker: the broker of Celery's workers, who take the turns; "" for turns in this process.
        shared: where processes share counters, a URL of ``limits``: memory://, redis://…; the broker
            when that is Redis.
        workers: turns at once in this process.
        session_minutes: after how long without doing anything staff are logged out.
        url: where staff reach the desk; for mails to them.
        mail, mail_from: the mail server as a URL, "" for none; the sender's address.
        bot_returns_minutes: silence in a conversation that a person holds, until the bot returns.
        closing_minutes: how long after its end a message still reaches the person.
        require_approval: whether answers that no physician has approved are withheld.
        line: the clinic's LINE account; None without one.
        metrics: where Prometheus fetches this process's metrics; None for nowhere.
        log: how the log is written, one of ``LOG_STYLES``.
        keep: days for which kinds of data are kept, where they are not the default (``KEPT_DAYS``).
        erase_answered: whether a patient who wants a conversation erased in which people took part gets
            that; else its use ends, and the clinic keeps the record.
        tracker: the database of Rasa's tracker store; "" for one in Rasa's memory.
        backups: the folder with the backups, which is only looked at; None for none.
    """

    production: bool
    debug: bool
    secret: str
    secret_fallbacks: tuple[str, ...]
    keys: tuple[Key, ...]
    database: str
    hosts: tuple[str, ...]
    internal_hosts: tuple[str, ...]
    origins: tuple[str, ...]
    web_origins: tuple[str, ...]
    web_sessions_a_minute: int
    data: Path
    gate: Path
    rasa: tuple[str, ...]
    rasa_seconds: float
    api_tokens: tuple[str, ...]
    api_callback: str
    turns_a_minute: int
    broker: str
    shared: str
    workers: int
    session_minutes: float
    url: str
    mail: str
    mail_from: str
    bot_returns_minutes: float
    closing_minutes: float
    require_approval: bool
    line: LineAccount | None
    metrics: Address | None
    log: str
    keep: Mapping[str, int]
    erase_answered: bool
    tracker: str
    backups: Path | None


def read_environment(values: Mapping[str, str], folder: Path = ROOT / ".run") -> Environment:
    """The settings of some environment variables.

    Args:
        values: the variables.
        folder: where a secret of this machine is kept when none is given.

    Raises:
        SettingsError: something is missing, cannot be read, or is not fit for production.
    """
    faults: list[str] = []
    try:
        values = with_files(values)
    except SecretFileError as error:
        raise SettingsError(str(error)) from error

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
        return checked(name, values.get(name) or default)

    def checked(name: str, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            faults.append(sentence("settings.not_an_address", name=name, value=value))
        return value.rstrip("/")

    production, debug = flag("DESK_PRODUCTION"), flag("DESK_DEBUG")
    hosts = _listed(values.get("DESK_HOSTS", ""))
    data = Path(values.get("DESK_DATA") or ROOT / "data")
    secret = values.get("DESK_SECRET", "")
    tokens = _listed(values.get("DESK_API_TOKENS", ""))
    broker = values.get("DESK_BROKER", "")
    if broker and not broker.startswith(BROKERS):
        faults.append(
            sentence("settings.not_a_broker", name="DESK_BROKER", allowed="、".join(BROKERS))
        )
        broker = ""
    mail = values.get("DESK_MAIL", "")
    if mail and mail.partition("://")[0] not in MAIL_SCHEMES:
        faults.append(
            sentence(
                "settings.not_a_mail_server", name="DESK_MAIL", allowed="、".join(MAIL_SCHEMES)
            )
        )
        mail = ""
    log = values.get("DESK_LOG") or LOG_STYLES[0]
    if log not in LOG_STYLES:
        faults.append(
            sentence(
                "settings.not_one_of", name="DESK_LOG", value=log, allowed="、".join(LOG_STYLES)
            )
        )
    metrics, fault = _internal(values.get("DESK_METRICS", ""), production)
    if fault:
        faults.append(sentence(fault, name="DESK_METRICS", value=values["DESK_METRICS"]))
    environment = Environment(
        production=production,
        debug=debug,
        secret=secret,
        secret_fallbacks=_listed(values.get("DESK_SECRET_FALLBACKS", "")),
        keys=_keys(values.get("DESK_KEYS", ""), faults),
        database=values.get("DATABASE_URL") or f"sqlite:///{folder / 'desk.sqlite3'}",
        hosts=hosts or ("localhost", "127.0.0.1", "[::1]"),
        internal_hosts=_listed(values.get("DESK_INTERNAL_HOSTS", "")),
        origins=tuple(f"https://{host}" for host in hosts if not _is_local(host)),
        web_origins=_origins(values.get("DESK_WEB_ORIGINS", ""), faults),
        web_sessions_a_minute=int(number("DESK_WEB_SESSIONS_A_MINUTE", 20, 1, 100_000)),
        data=data,
        gate=Path(values.get("DESK_GATE") or ROOT / "tests"),
        rasa=tuple(
            checked("RASA_URL", url)
            for url in _listed(values.get("RASA_URL", "")) or _own_rasa(values.get("RASA_PORT", ""))
        ),
        rasa_seconds=number("DESK_RASA_SECONDS", 8, 0.1, 60),
        api_tokens=tokens,
        api_callback=address("DESK_API_CALLBACK", ""),
        turns_a_minute=int(number("DESK_TURNS_A_MINUTE", 20, 1, 10_000)),
        broker=broker,
        shared=values.get("DESK_SHARED") or (broker if broker.startswith("redis") else "memory://"),
        workers=int(number("DESK_WORKERS", 8, 1, 200)),
        session_minutes=number("DESK_SESSION_MINUTES", 30, 0.01, 720),
        url=address("DESK_URL", _url(hosts, values.get("DESK_PORT") or "8000")),
        mail=mail,
        mail_from=values.get("DESK_MAIL_FROM") or "desk@localhost",
        bot_returns_minutes=number("DESK_BOT_RETURNS_MINUTES", 120, 0.01, 10_080),
        closing_minutes=number("DESK_CLOSING_MINUTES", 10, 0, 1_440),
        require_approval=flag("DESK_REQUIRE_APPROVAL"),
        line=_line(values, address("LINE_URL", "https://api.line.me"), faults),
        metrics=metrics,
        log=log,
        keep=_kept(values.get("DESK_KEEP", ""), faults),
        erase_answered=flag("DESK_ERASE_ANSWERED"),
        tracker=_tracker(values.get("RASA_TRACKER_DB", ""), faults),
        backups=Path(values["DESK_BACKUPS"]) if values.get("DESK_BACKUPS") else None,
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
    return _with_own_secrets(environment, folder)


def _kept(value: str, faults: list[str]) -> dict[str, int]:
    """Days by kind, such as ``bot_only=90,tracker=14``."""
    days: dict[str, int] = {}
    for part in _listed(value):
        kind, _, number = part.partition("=")
        least = KEPT_DAYS.get(kind, (0, 0))[1]
        if kind not in KEPT_DAYS or not re.fullmatch(r"[0-9]{1,5}", number) or int(number) < least:
            kinds = "、".join(
                f"{name}（{fewest} 日以上）" for name, (_, fewest) in KEPT_DAYS.items()
            )
            faults.append(sentence("settings.not_kept", name="DESK_KEEP", value=part, kinds=kinds))
        else:
            days[kind] = int(number)
    return days


def _tracker(value: str, faults: list[str]) -> str:
    """Where Rasa keeps conversations, as it takes that itself (``channels.trackers``)."""
    if value and not value.startswith("postgresql://"):
        faults.append(sentence("settings.not_postgresql", name="RASA_TRACKER_DB"))
        return ""
    return value


def _origins(value: str, faults: list[str]) -> tuple[str, ...]:
    """Origins as browsers send them: scheme, name and port, nothing else."""
    origins = _listed(value)
    faults += [
        sentence("settings.not_an_origin", name="DESK_WEB_ORIGINS", value=origin)
        for origin in origins
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?", origin)
    ]
    return origins


def _line(values: Mapping[str, str], url: str, faults: list[str]) -> LineAccount | None:
    """The LINE account, if one is named."""
    names = ("LINE_CHANNEL_SECRETS", "LINE_CHANNEL_TOKEN", "LINE_CHANNEL_ID", "LINE_USER_ID")
    secrets_, token, channel, user = (values.get(name, "").strip() for name in names)
    if not (secrets_ or token or channel or user):
        return None
    if not secrets_ or not (token or channel):
        faults.append(sentence("settings.line_incomplete"))
    if not re.fullmatch("U[0-9a-f]{32}", user):
        faults.append(sentence("settings.line_user", value=user))
    old_keys = _listed(values.get("LINE_KEYS", ""))
    return LineAccount(_listed(secrets_), token, channel, user, url, old_keys)


def _keys(value: str, faults: list[str]) -> tuple[Key, ...]:
    """The keys that seal; none if one cannot be read."""
    try:
        return read_keys(value)
    except ValueError as error:
        faults.append(sentence("settings.not_keys", name=error))
        return ()


def _unfit(environment: Environment) -> list[str]:
    """What production does not accept."""
    faults = [
        sentence("settings.open_origin", value=origin)
        for origin in environment.web_origins
        if not origin.startswith("https://")
    ]
    if environment.debug:
        faults.append(sentence("settings.debug"))
    if _is_weak(environment.secret):
        faults.append(sentence("settings.secret", least=MIN_SECRET))
    if any(map(_is_weak, environment.secret_fallbacks)):
        faults.append(sentence("settings.secret_fallbacks", least=MIN_SECRET))
    if not environment.origins:
        faults.append(sentence("settings.hosts"))
    if not environment.keys:
        faults.append(sentence("settings.keys"))
    clinic = environment.data / "knowledge" / "clinic.yml"
    try:
        demo = yaml.safe_load(clinic.read_text(encoding="utf-8")).get("demo", True)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError):
        demo = True
    if demo:
        faults.append(sentence("settings.demo_clinic", path=clinic))
    return faults


def _is_weak(secret: str) -> bool:
    return len(secret) < MIN_SECRET or len(set(secret)) < MIN_SECRET // 4


def _with_own_secrets(environment: Environment, folder: Path) -> Environment:
    """The settings with secrets of this machine's own where none were given."""
    if not environment.secret:
        environment = replace(environment, secret=kept_secret(folder / _SECRET_FILE))
    if not environment.keys:
        kept = hashlib.sha256(kept_secret(folder / _KEY_FILE).encode("ascii")).digest()
        environment = replace(environment, keys=(Key(_KEY_NAME, kept),))
    line, old = environment.line, folder / _OLD_LINE_KEY_FILE
    if line is not None and not line.old_keys and old.exists():
        line = replace(line, old_keys=(kept_secret(old),))
    return replace(environment, line=line)


def kept_secret(path: Path) -> str:
    """What cannot be guessed, made once and kept in a file that only its owner reads.

    Args:
        path: the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        # Written whole before it has its name: of two processes at once, both read the same one.
        handle, partial = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(partial, path)
        finally:
            Path(partial).unlink()
    return path.read_text(encoding="ascii")


def _internal(value: str, production: bool) -> tuple[Address | None, str]:
    """An address that the internet does not reach, and what is wrong with it, as a key of
    ``core.locale``; None and "" for no address. Every address of the machine will do, but not in
    production.
    """
    if not value:
        return None, ""
    host, _, port = value.rpartition(":")
    try:
        ip, number = own_address(host.removeprefix("[").removesuffix("]")), int(port)
    except ValueError:
        return None, "settings.not_an_internal_address"
    except OSError:
        return None, "settings.not_in_network"
    if not 0 < number < 65_536 or not (is_internal(ip) or ip.is_unspecified):
        return None, "settings.not_an_internal_address"
    if ip.is_unspecified and production:
        return None, "settings.open_to_all"
    return Address(str(ip), number), ""


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _own_rasa(ports: str) -> tuple[str, ...]:
    """Where Rasa is when nothing is said about it: on this machine, on one port or several."""
    return tuple(f"http://127.0.0.1:{port}" for port in _listed(ports) or ("5005",))


def _url(hosts: tuple[str, ...], port: str) -> str:
    """Where the desk is reached when nothing is said about it."""
    public = [host for host in hosts if not _is_local(host)]
    return f"https://{public[0]}" if public else f"http://127.0.0.1:{port}"


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
