"""A patient whose front end delivers again what was not acknowledged, and who keeps count."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.desk.fakes import FrontEnd
from tests.desk.running import EMERGENCY, TOKEN, Desk, wait_for

#: Taken by the real bot and by the small drug's rules alike, as is ``EMERGENCY``.
QUESTION = "お酒は飲めますか"
#: The safe text, and the one that an emergency is answered with, by what they cannot do without.
SAFE, FIXED = "自動応答が使えません", "119"
#: Longest wait of a front end for an acknowledgement, in seconds.
PATIENCE = 60.0
_numbers = itertools.count(1)
_http = httpx.Client(
    headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE, trust_env=False,
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
)  # fmt: skip


@dataclass
class Patient:
    """One conversation: what was sent, and what of it was acknowledged."""

    front_end: FrontEnd
    name: str = field(default_factory=lambda: f"p{next(_numbers)}")
    texts: list[str] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)

    def sends(
        self, desk: Desk, text: str = QUESTION, seconds: float = PATIENCE
    ) -> httpx.Response | None:
        """Sends a message once; None if the desk did not answer in time."""
        self.texts.append(text)
        return self._deliver(desk, len(self.texts) - 1, seconds)

    def _deliver(self, desk: Desk, number: int, seconds: float = PATIENCE) -> httpx.Response | None:
        message = {"conversation": self.name, "event_id": f"{self.name}-{number}",
                   "text": self.texts[number]}  # fmt: skip
        try:
            response = _http.post(f"{desk.url}/api/messages", json=message, timeout=seconds)
        except httpx.HTTPError:
            return None
        if response.is_success:
            self.acknowledged.add(number)
        return response

    def delivers_again(self, desk: Desk, seconds: float = 120.0) -> None:
        """Delivers what was not acknowledged until it is; and everything else once more, as LINE may."""
        deadline = time.monotonic() + seconds
        for number in range(len(self.texts)):
            self._deliver(desk, number)
            while number not in self.acknowledged:
                assert time.monotonic() < deadline, f"{self.name} cannot be delivered"
                time.sleep(0.2)
                self._deliver(desk, number)

    def sees(self, desk: Desk, words: str, seconds: float) -> float:
        """Waits until the patient has been told something; how long it took."""
        begin = time.monotonic()
        told = lambda: any(words in text for text in self.front_end.texts(self.name))  # noqa: E731
        wait_for(told, seconds)
        return time.monotonic() - begin

    def is_whole(self, desk: Desk, seconds: float = 120.0) -> list[dict[str, Any]]:
        """Checks that everything is stored once, answered once, in order, and told once; the entries."""
        entries = desk.answered(self.name, seconds)
        asked = [entry for entry in entries if entry["author"] == "patient"]
        assert sorted(e["text"] for e in asked) == sorted(self.texts), self.name
        said = [entry for entry in entries if entry["author"] == "bot"]
        answers = [entry["answers"] for entry in said]
        assert set(answers) == {e["place"] for e in asked}, f"{self.name} is not answered"
        # All texts of one answer stand together, so none is answered twice.
        order = [key for key, _ in itertools.groupby(answers)]
        assert len(order) == len(asked), answers
        # An emergency does not wait for what was asked before it.
        calm = {e["place"] for e in asked if e["text"] != EMERGENCY}
        assert [place for place in order if place in calm] == sorted(calm)
        told = [entry["text"] for entry in entries if entry["author"] != "patient"]
        wait_for(lambda: len(self.front_end.texts(self.name)) >= len(told), seconds)
        assert self.front_end.texts(self.name) == told
        return entries

    def turn(self, desk: Desk) -> dict[str, Any]:
        """What became of the last message."""
        (*_, last) = (e for e in desk.answered(self.name) if e["author"] == "patient")
        turn: dict[str, Any] = last["turn"]
        return turn


def all_whole(desk: Desk, patients: Iterable[Patient]) -> None:
    """Checks all of them."""
    for patient in patients:
        patient.is_whole(desk)
