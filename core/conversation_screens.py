"""The screen for many conversations at once, for whoever receives messages before or without Rasa."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from core.first_response import FirstResponse, FirstResponses
from core.judge import State
from core.rulebook import URGENT
from core.triage_source import TriageSource, triage_of

#: Conversations that are remembered; of more, those silent for longest are forgotten.
CAPACITY = 10_000


class ConversationScreens:
    """Screens messages and remembers each conversation's state in memory; safe between threads.

    Args:
        source: the rules.
        responses: their texts.
        capacity: conversations remembered.
    """

    def __init__(
        self, source: TriageSource, responses: FirstResponses, capacity: int = CAPACITY
    ) -> None:
        self._source = source
        self._responses = responses
        self._capacity = capacity
        self._states: OrderedDict[str, State] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def load(cls, data: Path) -> ConversationScreens:
        """Screens of a data folder.

        Raises:
            DataError: its rules, texts or clinic values cannot be used.
        """
        source = triage_of(data)
        responses = FirstResponses.load(data)
        responses.check(source.current)
        return cls(source, responses)

    def screen(self, conversation: str, text: str, now: dt.datetime) -> FirstResponse | None:
        """What must be said to a message; None when nothing is urgent in it.

        Args:
            conversation: the conversation's id.
            text: any string.
            now: an aware time.
        """
        triage, reading = self._source.current, self._source.read(text)
        # One message at a time: of two at once neither may undo what the other has found.
        with self._lock:
            before = self._states.get(conversation, State())
            screening = triage.judge(reading, before)
            self._states[conversation] = screening.state
            self._states.move_to_end(conversation)
            self._forget()
        return self._responses.respond(screening, before, triage, now)

    def take_over(self, text: str, passed_on: Any) -> None:
        """Does not read a message that the desk has read (``TriageSource.take_over``).

        Args:
            text: the message.
            passed_on: what came with it.
        """
        self._source.take_over(text, passed_on)

    def _forget(self) -> None:
        """Forgets the conversations silent for longest, those with an open finding last."""
        while len(self._states) > self._capacity:
            calm = (name for name, state in self._states.items() if state.level not in URGENT)
            del self._states[next(calm, next(iter(self._states)))]
