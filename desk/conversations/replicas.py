"""Several Rasa servers that answer alike: a conversation stays with one, and goes to the next when that is
down.

A message that one did not answer is asked of the next under the same name. Nothing is said twice: the desk
commits one answer, and where the servers share their database (``RASA_TRACKER_DB``) the next one says again
what the first has said, or goes on where it had not begun (``channels.trackers``). Without one, a
conversation that changes servers begins anew there; what is urgent in it the desk remembers itself.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.bot_turn import BotTurn
from desk.conversations.rasa import BROKEN, TIMEOUT, Rasa, RasaError
from desk.metrics import OTHER

logger = logging.getLogger(__name__)

#: Seconds in which a server that is down is asked only when all are.
PAUSE_SECONDS = 5.0
#: Seconds in which one that is not down says that it is there.
PROBE_SECONDS = 1.0
#: Share of the time of a turn that a server gets while another one can be asked.
SHARE = 0.5
#: What a bot says that could not answer: its action server may be down, and that of another may not.
UNAVAILABLE = "unavailable"


@dataclass
class _Replica:
    """A server, and until when it is passed over; 0 for one that is up."""

    url: str
    client: Rasa
    down_until: float = 0.0


class Replicas:
    """A client of one Rasa server or several; used like ``Rasa``, safe between threads.

    Args:
        urls: the servers' addresses, one or more.
        seconds: how long one turn may take, all in all.
        clock: seconds that only grow.
        names: theirs in metrics; none for servers that come and go.
    """

    def __init__(
        self,
        urls: Sequence[str],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        names: Sequence[str] = (),
    ) -> None:
        named = itertools.zip_longest(urls, names, fillvalue=OTHER)
        self._all = [_Replica(url, Rasa(url, seconds, name=name)) for url, name in named]
        self._seconds, self._clock = seconds, clock
        self._guard = threading.Lock()

    def ask(self, sender: str, message_id: str, text: str, reading: Mapping[str, Any]) -> BotTurn:
        """One turn, as ``Rasa.ask``; of the server that the conversation is with, if it is up.

        Raises:
            RasaError: as there; what the last one that was asked says.
        """
        if len(self._all) == 1:
            return self._all[0].client.ask(sender, message_id, text, reading)
        end = self._clock() + self._seconds
        up, down = self._order(sender)
        said: BotTurn | None = None
        failure = RasaError(TIMEOUT)
        for replica in [*up, *down]:
            left = end - self._clock()
            if left <= 0:
                break
            # Nothing is kept back for one that is down.
            another = replica in up[:-1] or replica in down[:-1]
            seconds = left * SHARE if another else left
            try:
                said = replica.client.ask(sender, message_id, text, reading, seconds)
            except RasaError as error:
                failure = error
                self._failed(replica, error)
                continue
            if said.custom["reason"] != UNAVAILABLE:
                return said
        if said is not None:
            return said
        raise failure

    def redact(self, sender: str, gone: Collection[str], instead: str) -> None:
        """Removes texts from what is remembered of a conversation, as ``Rasa.redact``, wherever it may be.

        Raises:
            RasaError: it may still be remembered.
        """
        at_each(self.each, lambda rasa: rasa.redact(sender, gone, instead))

    def forget(self, sender: str) -> None:
        """Has nothing of a conversation remembered, as ``Rasa.forget``, wherever it may be.

        Raises:
            RasaError: something may still be remembered.
        """
        at_each(self.each, lambda rasa: rasa.forget(sender))

    def events(self, sender: str, seconds: float) -> list[dict[str, Any]]:
        """What is remembered of a conversation, as ``Rasa.events``, by the server that it is with.

        Raises:
            RasaError: as there.
        """
        return self._first(sender, lambda rasa: rasa.events(sender, seconds))

    def put_events(self, sender: str, events: list[Any], seconds: float) -> None:
        """Has the server that a conversation is with remember it so, as ``Rasa.put_events``.

        Raises:
            RasaError: as there.
        """
        self._first(sender, lambda rasa: rasa.put_events(sender, events, seconds))

    def load(self, model: Path, seconds: float) -> None:
        """Has all of them answer with another model, one after the other, as ``Rasa.load``.

        Raises:
            RasaError: some may still have the model they had.
        """
        for client in self.each:
            client.load(model, seconds)

    def model(self) -> str | None:
        """The name of the model in use, None while no server has one; while they differ, all names."""
        names = {name for client in self.each if (name := client.model()) is not None}
        return " / ".join(sorted(names)) or None

    def uses(self, name: str) -> bool:
        """Whether any of them uses the model of a name."""
        return any(client.model() == name for client in self.each)

    def are_all_up(self) -> bool:
        """Whether every one of them is there."""
        return all(client.model() is not None for client in self.each)

    @property
    def each(self) -> list[Rasa]:
        """The clients of all of them."""
        return [replica.client for replica in self._all]

    def _order(self, sender: str) -> tuple[list[_Replica], list[_Replica]]:
        """Those that are up, that of the conversation first; and those that are down."""
        # Rendezvous hashing (Thaler and Ravishankar, 1998): who is added or goes takes no other conversations
        # along than his own.
        order = sorted(self._all, key=lambda r: _weight(r.url, sender), reverse=True)
        up = [replica for replica in order if self._is_up(replica)]
        return up, [replica for replica in order if replica not in up]

    def _is_up(self, replica: _Replica) -> bool:
        with self._guard:
            if not replica.down_until:
                return True
            now = self._clock()
            if now >= replica.down_until:
                replica.down_until = now + PAUSE_SECONDS
                self._probe(replica)
        return False

    def _probe(self, replica: _Replica) -> None:
        """Has looked whether a server is back; no patient waits for it."""
        threading.Thread(target=self._look, args=(replica,), name="rasa-probe", daemon=True).start()

    def _look(self, replica: _Replica) -> None:
        if replica.client.model(PROBE_SECONDS) is None:
            return
        logger.info("a Rasa server is there: %s", replica.url)
        with self._guard:
            replica.down_until = 0.0

    def _failed(self, replica: _Replica, error: RasaError) -> None:
        """Passes a server over for a while, unless it does not know an answer; one that only has much to
        do, until it says that it is there.
        """
        logger.warning("another Rasa server is asked, for %s failed: %s", replica.url, error)
        if str(error) == BROKEN:
            return
        with self._guard:
            replica.down_until = self._clock() + PAUSE_SECONDS
        if str(error) == TIMEOUT:
            self._probe(replica)

    def _first[Result](self, sender: str, call: Callable[[Rasa], Result]) -> Result:
        """What the first server of a conversation that answers says."""
        up, down = self._order(sender)
        *others, last = up + down
        for replica in others:
            try:
                return call(replica.client)
            except RasaError as error:
                self._failed(replica, error)
        return call(last.client)


def at_each[Server](servers: Iterable[Server], job: Callable[[Server], object]) -> None:
    """Does something at each of several servers, also where it failed at one before.

    Args:
        servers: their clients.
        job: what is done.

    Raises:
        RasaError: it could not be done at one of them.
    """
    failed: RasaError | None = None
    for server in servers:
        try:
            job(server)
        except RasaError as error:
            failed = error
    if failed:
        raise failed


def _weight(url: str, sender: str) -> bytes:
    return hashlib.blake2b(f"{url} {sender}".encode(), digest_size=8).digest()
