"""A conversation with a candidate table: what the bot would say, with no tracker and no trace.

The same functions as in the real turn, in the same order: the screen first (``desk.conversations.respond``),
then what the channel does (``channels.desk_rest``), then the bot's decision (``actions.actions``). Only the
NLU is asked elsewhere, and it remembers nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from actions.choose import Decision, Desk
from actions.compose import compose, custom
from actions.context import Context
from actions.screened import Screen, decide_screened
from actions.turn import Turn, read_turn
from core.bot_turn import BotTurn, alone, clean, instead, unread
from core.first_response import more_urgent
from core.judge import Screening, State
from core.knowledge_source import Table
from core.triage_source import TriageSource
from desk.rehearsals.parser import Parse


@dataclass(frozen=True)
class Look:
    """How a message came to be answered.

    Attributes:
        said: what the bot says.
        screening: what the red-flag screen says of it.
        turn: what the NLU found; None when it was not asked.
        decision: what the bot decided, before the screen raised it; None when it was not asked.
    """

    said: BotTurn
    screening: Screening
    turn: Turn | None = None
    decision: Decision | None = None


class Bench:
    """Conversations with one table; safe to share between threads.

    Args:
        table: the table.
        parse: what the NLU finds in a text (``desk.rehearsals.parser.Parser.parse``).
        triage: the rules.
        now: when the conversations take place, an aware time in Tokyo.
        require_approval: whether answers that no physician has approved are withheld.
    """

    def __init__(
        self,
        table: Table,
        parse: Callable[[str], Parse],
        triage: TriageSource,
        now: dt.datetime,
        require_approval: bool,
    ) -> None:
        self.table, self.parse, self.triage, self.now = table, parse, triage, now
        self.desk = Desk(
            table.knowledge, triage.current.tokenizer, now.date(), require_approval
        )  # fmt: skip

    def talk(self) -> Talk:
        """A new conversation."""
        return Talk(self)


class Talk:
    """One conversation; not safe between threads.

    Args:
        bench: what it is held with.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._state = State()
        self._context = Context()

    @property
    def level(self) -> str:
        """The most urgent finding that is open, "none" for none."""
        return more_urgent(self._state.level, self._context.open_triage)

    def say(self, text: str) -> BotTurn:
        """What the bot says to the next message.

        Args:
            text: what the patient writes, or what a button sends.

        Raises:
            RasaError: the NLU does not answer; nothing has happened then.
        """
        return self.look(text).said

    def look(self, text: str) -> Look:
        """The same, and how it came about."""
        bench, triage = self._bench, self._bench.triage.current
        text = clean(text)
        reading = bench.triage.read(text)
        screening = triage.judge(reading, self._state)
        responses = bench.table.first_responses
        first = responses.respond(screening, self._state, triage, bench.now)
        if first is not None and first.alone:
            look = Look(alone(first), screening)
        elif bench.table.knowledge.switches.bot:
            said = instead("stopped_bot", bench.table.messages, None).raised(first)
            look = Look(said, screening)
        elif reason := unread(text):
            look = Look(instead(reason, bench.table.messages, first), screening)
        else:
            # What the desk has read the bot need not read again (``TriageSource.take_over``).
            turn = replace(read_turn(bench.parse(text)), reading=reading)
            screen = Screen(triage, responses, bench.now, bench.triage.read)
            decision = decide_screened(turn, self._context, bench.desk, screen)
            self._context = decision.context
            look = Look(self._said(decision).raised(first), screening, turn, decision)
        self._state = screening.state
        return look

    def _said(self, decision: Decision) -> BotTurn:
        bench = self._bench
        closed = bench.table.first_responses.closed_note(bench.now)
        items = compose(decision, bench.table.knowledge, bench.table.messages, closed)
        buttons = tuple(button for item in items for button in item.buttons)
        return BotTurn(tuple(item.text for item in items), buttons, custom(decision))
