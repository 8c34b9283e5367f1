"""Which Rasa server turns go to, for all processes alike, and conversations that move between two.

While the model is changed, a second server answers. The row that says so is read at every turn, under the
conversation's lock: so no turn of a conversation goes to one server after another one has gone to the
other, and what a server remembers of a conversation is whole when it is moved.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists

from core.bot_turn import BotTurn
from desk.conversations.rasa import RasaError
from desk.conversations.replicas import Replicas, at_each
from desk.metrics import name_of
from desk.training.models import Route, Step, TrainingRun

logger = logging.getLogger(__name__)

#: Seconds that a server is given to say what it remembers of a conversation, or to take it over.
MOVE_SECONDS = 2.0
#: What a client reports when nothing listens where it asks.
_NOBODY = "ConnectError"


class RoutedRasa:
    """The Rasa that answers at the moment; used like ``Rasa``, safe between threads.

    Args:
        home: addresses of the servers of the settings.
        seconds: how long one turn may take.
    """

    def __init__(self, home: Sequence[str], seconds: float) -> None:
        self._home, self._seconds = home, seconds
        self._clients: dict[str, Replicas] = {}
        self._guard = threading.Lock()

    def ask(self, sender: str, message_id: str, text: str, reading: Mapping[str, Any]) -> BotTurn:
        """One turn, as ``Rasa.ask``; a conversation that another server still holds is moved first.

        Raises:
            RasaError: as there.
        """
        url, other = route()
        if other is not None:
            try:
                move(self.client(other), self.client(url), sender)
            except RasaError as error:
                # Better an answer that does not know what was said before than none.
                logger.warning("a conversation was not moved: %s", error)
        try:
            return self.client(url).ask(sender, message_id, text, reading)
        except RasaError as error:
            if not url or str(error) != _NOBODY:
                raise
        logger.warning("the server that should answer is gone: %s", url)
        return self.client("").ask(sender, message_id, text, reading)

    def redact(self, sender: str, gone: Collection[str], instead: str) -> None:
        """Removes texts from what is remembered of a conversation, as ``Rasa.redact``, wherever it is.

        Raises:
            RasaError: it may still be remembered.
        """
        at_each(self._holders(), lambda client: client.redact(sender, gone, instead))

    def forget(self, sender: str) -> None:
        """Has nothing of a conversation remembered, as ``Rasa.forget``, wherever it is.

        Raises:
            RasaError: it may still be remembered.
        """
        at_each(self._holders(), lambda client: client.forget(sender))

    def _holders(self) -> list[Replicas]:
        """Every server that may hold a conversation."""
        url, other = route()
        return [self.client(one) for one in (url, other) if one is not None]

    def model(self) -> str | None:
        """The name of the model in use, as ``Rasa.model``; without the database, of the usual server's."""
        try:
            url = route()[0]
        except DatabaseError:
            url = ""
        return self.client(url).model()

    def client(self, url: str) -> Replicas:
        """The client of a server.

        Args:
            url: its address; "" for those of the settings.
        """
        with self._guard:
            if url not in self._clients:
                self._clients[url] = (
                    Replicas([url], self._seconds)
                    if url
                    else Replicas(self._home, self._seconds, names=list(map(name_of, self._home)))
                )
            return self._clients[url]


def route() -> tuple[str, str | None]:
    """Which server answers, and which one did before, as in ``Route``; read in one plain statement."""
    # On the way to every answer: Django's own takes several times as long (``make bench-desk``).
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT url, other FROM {Route._meta.db_table} WHERE id = 1")
        found = cursor.fetchone()
    return found or ("", None)


def set_route(url: str, other: str | None) -> None:
    """Has turns go to a server from now on.

    Args:
        url: the one that answers, as in ``Route``.
        other: the one before, as there.
    """
    with transaction.atomic():
        Route.objects.update_or_create(pk=1, defaults={"url": url, "other": other})


def go_home_unless_swapping() -> None:
    """Has turns go to the server of the settings where nobody changes models any more, whatever was left."""
    swapping = TrainingRun.objects.filter(step=Step.SWAPPING).exclude(owner="")
    away = Route.objects.exclude(url="", other=None).filter(~Exists(swapping))
    if away.update(url="", other=None):
        logger.warning("turns went to a server of a change of models that is over")


def move(source: Replicas, target: Replicas, sender: str) -> bool:
    """Has a server remember of a conversation what another one does, unless it knows more; under the
    conversation's lock.

    Args:
        source: the one that knows.
        target: the other one.
        sender: the conversation's opaque name.

    Returns:
        Whether there was something to move.

    Raises:
        RasaError: it may not have been moved.
    """
    known = source.events(sender, MOVE_SECONDS)
    said = _last_said(known)
    if not said or _last_said(target.events(sender, MOVE_SECONDS)) > said:
        return False
    target.put_events(sender, known, MOVE_SECONDS)
    return True


def _last_said(events: list[dict[str, Any]]) -> float:
    """When the patient spoke last, in seconds since 1970; 0 for never."""
    spoken = (float(e.get("timestamp") or 0) for e in events if e.get("event") == "user")
    return max(spoken, default=0.0)
