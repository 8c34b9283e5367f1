"""A conversation as staff read it: every line in order, with what the desk made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from core.locale import sentence
from desk.console.words import named, rule_title
from desk.conversations.equipment import Equipment
from desk.conversations.models import Author, Conversation, Delivery, Message, Reply
from desk.tickets.models import Level, Note

#: Lines that are shown at once; older ones by a link.
LINES = 200
#: Deliveries that staff must notice.
_TROUBLE = (Delivery.FAILED, Delivery.UNDELIVERED)


@dataclass(frozen=True)
class Piece:
    """A stretch of a patient's text.

    Attributes:
        text: the stretch.
        finding: what the screen saw in it, "" for nothing.
        standing: whether it is so, asked, denied …, in Japanese.
        counts: whether it is told as so.
    """

    text: str
    finding: str = ""
    standing: str = ""
    counts: bool = False


@dataclass(frozen=True)
class Line:
    """A line of the transcript.

    Attributes:
        place: its place.
        kind: patient, bot, staff, doctor, desk or note.
        who: the same in Japanese, with the staff member's name.
        at: when.
        pieces: its text.
        judged: what the desk made of a patient's line, in Japanese.
        level: the level of a patient's line.
        answers: ids and versions of the vetted answers that it got.
        state: how far it has come on its way, in Japanese.
        trouble: whether staff must notice that.
        buttons: titles of the buttons below.
    """

    place: int
    kind: str
    who: str
    at: dt.datetime
    pieces: tuple[Piece, ...]
    judged: str = ""
    level: str = ""
    answers: tuple[tuple[str, int], ...] = ()
    state: str = ""
    trouble: bool = False
    buttons: tuple[str, ...] = ()

    @property
    def level_label(self) -> str:
        """The level in Japanese."""
        return Level(self.level).label

    @property
    def findings(self) -> list[Piece]:
        """What the screen saw in the text."""
        return [piece for piece in self.pieces if piece.finding]


@dataclass(frozen=True)
class Judged:
    """What the desk made of a message, in Japanese; all of it empty while the message waits.

    Attributes:
        status, rule, reason: of its turn (design, §5).
        level: of its turn, as ``Level`` has it.
        answers: ids and versions of the vetted answers that it got.
    """

    status: str = ""
    level: str = ""
    rule: str = ""
    reason: str = ""
    answers: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, message: Message, tools: Equipment) -> Judged:
        """That of a message.

        Args:
            message: the message.
            tools: for the titles of rules.
        """
        turn = message.turn
        if not turn:
            return cls()
        return cls(
            named("statuses", turn["status"]), turn["triage"],
            rule_title(turn["rule"], tools) if turn["rule"] else "",
            named("reasons", turn["reason"]) if turn["reason"] else "",
            tuple((a["answer_id"], a["version"]) for a in turn["answers"]),
        )  # fmt: skip


def transcript(conversation: Conversation, tools: Equipment, *, whole: bool) -> list[Line]:
    """The lines, oldest first.

    Args:
        conversation: the conversation.
        tools: for the titles of rules.
        whole: all of them, or only the last ``LINES``.
    """
    first = 0 if whole else conversation.places - LINES
    messages = conversation.messages.filter(place__gt=first)
    replies = conversation.replies.filter(place__gt=first).select_related("written_by__account")
    notes = conversation.notes.filter(place__gt=first).select_related("author__account")
    lines = [_of_patient(message, tools) for message in messages]
    lines += [_of_desk(reply) for reply in replies]
    lines += [_of_colleague(note) for note in notes]
    return sorted(lines, key=lambda line: line.place)


def _of_patient(message: Message, tools: Equipment) -> Line:
    judged = Judged.of(message, tools)
    read = "read" if message.read_at else "unread"
    state = read if message.answered_at else "waiting"
    return Line(
        message.place, "patient", sentence("console.patient"), message.sent_at,
        tuple(pieces(message.text, message.mentions, _decisive(message.turn.get("rule"), tools))),
        judged="／".join(filter(None, (judged.status, judged.rule or judged.reason))),
        level=judged.level,
        answers=judged.answers,
        state=sentence(f"console.{state}"),
    )  # fmt: skip


def said_by(reply: Reply) -> str:
    """Who says a reply, in Japanese, with the staff member's name."""
    who = Author(reply.author).label
    return f"{who}（{reply.written_by.account.name}）" if reply.written_by else who


def noted_by(note: Note) -> str:
    """Whose note it is, in Japanese."""
    return f"{sentence('console.note')}（{note.author.account.name}）"


def _of_desk(reply: Reply) -> Line:
    return Line(
        reply.place, reply.author, said_by(reply), reply.created_at, (Piece(reply.text),),
        state=Delivery(reply.delivery).label,
        trouble=reply.delivery in _TROUBLE,
        buttons=tuple(title for title, _ in reply.buttons),
    )  # fmt: skip


def _of_colleague(note: Note) -> Line:
    return Line(note.place, "note", noted_by(note), note.created_at, (Piece(note.text),))


def pieces(text: str, mentions: list[list[object]], decisive: frozenset[str]) -> Iterator[Piece]:
    """A text cut where the screen saw what decided; of what overlaps, the shortest, which is the
    most exact. The rest of what it saw are parts of phrases that would mislead who reads them.

    Args:
        text: the text.
        mentions: finding, start, end and standing each.
        decisive: the findings that the turn's rule rests on.
    """
    marks = [(int(str(m[1])), int(str(m[2])), str(m[0]), str(m[3])) for m in mentions]
    chosen: list[tuple[int, int, str, str]] = []
    for start, end, finding, standing in sorted(marks, key=lambda m: (m[1] - m[0], m[0])):
        apart = all(end <= other[0] or other[1] <= start for other in chosen)
        if apart and finding in decisive:
            chosen.append((start, end, finding, standing))
    at = 0
    for start, end, finding, standing in sorted(chosen):
        if start > at:
            yield Piece(text[at:start])
        yield Piece(
            text[start:end], finding, named("standings", standing), counts=standing == "reported"
        )
        at = end
    if at < len(text):
        yield Piece(text[at:])


def _decisive(rule: str | None, tools: Equipment) -> frozenset[str]:
    """The findings that a rule rests on."""
    known = tools.triage.current.rules.get(rule or "")
    conditions = known.conditions if known else ()
    return frozenset(name for condition in conditions for name in condition.present)
