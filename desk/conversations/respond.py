"""Out: a conversation's unanswered messages, one after another, each in one turn (design, §4).

A turn reads the message, asks whoever may answer it, and then commits reply, ticket and audit row at
once. Killed before that, nothing has happened and the turn is taken again; killed after it,
everything has. Nothing is sent here: the outbox does that (``desk.conversations.outbox``).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from core.bot_turn import URGENT_TEXT, BotTurn, clean, instead, unread
from core.clinic_hours import TOKYO
from core.first_response import FirstResponse
from core.judge import Reading, State
from core.masking import struck
from core.messages import Messages
from desk import metrics
from desk.audit.models import record
from desk.conversations.equipment import Equipment
from desk.conversations.locks import conversation_lock
from desk.conversations.models import HELD, Author, Conversation, Kind, Message, Mode, Reply, change
from desk.conversations.rasa import RasaError
from desk.doorway import doorway
from desk.logs import about
from desk.seals.keys import SealError
from desk.tickets import lifecycle

logger = logging.getLogger(__name__)

_SILENT_TURN: dict[str, Any] = {
    "status": "handoff", "answers": [], "triage": "none", "rule": None, "escalate": True,
    "reason": "requested",
}  # fmt: skip


#: The payload by which the bot is asked for a person.
PERSON = "person:"
#: Fixed texts for what is no text.
_SAID_TO = {
    Kind.FOLLOW: ("follow", "consent"),
    Kind.GUIDE: ("emergency",),
    Kind.STICKER: ("sticker",),
}


@dataclass(frozen=True)
class Outcome:
    """What a turn comes to.

    Attributes:
        texts: what is said, in order.
        buttons: under the last text, as (title, payload).
        author: who says it.
        turn: the ``custom`` item (design, §5).
        mode: who speaks from now on.
        failure: why Rasa gave no answer; "" if it did or was not asked.
    """

    texts: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...]
    author: Author
    turn: Mapping[str, Any]
    mode: str
    failure: str = ""


def respond(conversation: int, equipment: Equipment) -> bool:
    """Answers the message that has waited longest in a conversation, unless somebody else is at it.

    Args:
        conversation: its primary key.
        equipment: what turns are taken with.

    Returns:
        Whether to look again: there may be another one.
    """
    with conversation_lock(conversation, "answer") as mine:
        message = Message.longest_waiting(conversation) if mine else None
        if message is not None:
            _turn(message, equipment)
    # A message that came before the lock was given back found it taken.
    return message is not None or (mine and Message.waiting(conversation).exists())


def respond_at_once(message: Message, equipment: Equipment) -> None:
    """Answers an emergency without waiting for its turn: whoever is at the conversation may be waiting
    for Rasa.

    Args:
        message: one that ``is_emergency``.
        equipment: what turns are taken with.
    """
    about(message.conversation.sender)
    _commit(message, equipment.triage.read(message.text), None, equipment)


def is_emergency(text: str, conversation: Conversation, equipment: Equipment) -> bool:
    """Whether a text of a conversation would be answered at once and alone.

    Args:
        text: what a patient wrote.
        conversation: as it stands.
        equipment: what turns are taken with.
    """
    reading = equipment.triage.read(text)
    first, _ = _first(reading, conversation, equipment, dt.datetime.now(TOKYO))
    return first is not None and first.alone


def said_without_database(text: str, equipment: Equipment) -> tuple[str, ...]:
    """What is said to an emergency that cannot be stored; nothing to anything else. It needs no database,
    and does not know what was said before.

    Args:
        text: what a patient wrote.
        equipment: what turns are taken with.
    """
    now = dt.datetime.now(TOKYO)
    first, _ = _first(equipment.triage.read(text), Conversation(), equipment, now)
    return first.texts if first is not None and first.alone else ()


def _turn(message: Message, equipment: Equipment) -> None:
    about(message.conversation.sender)
    reading = equipment.triage.read(message.text)
    first, _ = _first(reading, message.conversation, equipment, dt.datetime.now(TOKYO))
    said = None
    if (first is None or not first.alone) and message.conversation.mode == Mode.BOT:
        said = _ask(message, equipment)
        doorway.give_way()
    _commit(message, reading, said, equipment)


def _first(
    reading: Reading, conversation: Conversation, equipment: Equipment, now: dt.datetime
) -> tuple[FirstResponse | None, State]:
    """What the screen says of a message in its conversation as it stands, and what it remembers."""
    triage, before = equipment.triage.current, _remembered(conversation)
    screening = triage.judge(reading, before)
    return equipment.responses.respond(screening, before, triage, now), screening.state


def _remembered(conversation: Conversation) -> State:
    """What the screen remembers of a conversation; nothing, when that cannot be opened: what is said now is
    read all the same.
    """
    try:
        return State.from_json(conversation.screen)
    except SealError as error:
        logger.error("the screen's memory cannot be opened: %s", error)
        return State()


def _ask(message: Message, equipment: Equipment) -> BotTurn | RasaError:
    """What the bot says, or why it says nothing."""
    if message.kind != Kind.TEXT:
        return _to_no_text(message, equipment.messages)
    if equipment.knowledge.switches.bot:
        return instead("stopped_bot", equipment.messages, None)
    reason = unread(clean(message.text))
    if reason:
        # Rasa's own texts for it may know an older telephone number.
        return instead(reason, equipment.messages, None)
    sender = str(message.conversation.sender)
    if not equipment.pace.allows(sender):
        turn = {**_SILENT_TURN, "status": "fallback", "escalate": False, "reason": "too_many"}
        return BotTurn((equipment.messages.text("too_many"),), (), turn)
    try:
        # What was read in the patient's own text stands in the same places of the one that is sent.
        reading = equipment.triage.passed_on(message.text)
        said = equipment.rasa.ask(sender, str(message.pk), struck(message.text), reading)
        metrics.ACTIONS_UP.set(said.custom["reason"] != "unavailable")
        return _as_published(said, equipment)
    except RasaError as error:
        metrics.RASA_FAILURES.labels(str(error)).inc()
        logger.warning("no answer of Rasa: %s", error)
        return error


def _as_published(said: BotTurn, equipment: Equipment) -> BotTurn:
    """What the bot says, unless it gives an answer that the desk's own table withholds: the action server
    may not have heard of it yet.

    Raises:
        RasaError: the bot could not answer; its own text for that may know an older telephone number.
    """
    if said.custom["reason"] == "unavailable":
        raise RasaError("unavailable")
    knowledge = equipment.knowledge
    for given in said.custom["answers"]:
        answer = knowledge.answers.get(given["answer_id"])
        reason = knowledge.switches.withholds(answer) if answer is not None else None
        if reason is not None:
            return _withheld(said, reason, equipment.messages)
    return said


def _withheld(said: BotTurn, reason: str, messages: Messages) -> BotTurn:
    """The turn without its answers; what is urgent stays so."""
    text = URGENT_TEXT.get(said.custom["triage"])
    if text is None:
        return instead(reason, messages, None)
    turn = {**said.custom, "status": "triage", "answers": [], "escalate": True, "reason": reason}
    return BotTurn((messages.text(text),), (), turn)


def _to_no_text(message: Message, messages: Messages) -> BotTurn:
    """What the desk itself says to what cannot be read."""
    turn = {**_SILENT_TURN, "status": "smalltalk", "escalate": False, "reason": None}
    if message.kind in _SAID_TO:
        return BotTurn(tuple(map(messages.text, _SAID_TO[Kind(message.kind)])), (), turn)
    turn |= {"status": "fallback", "reason": "no_text"}
    button = messages.text("button_person"), PERSON
    return BotTurn((messages.text("no_text"),), (button,), turn)


def _outcome(
    message: Message,
    mode: str,
    first: FirstResponse | None,
    said: BotTurn | RasaError | None,
    equipment: Equipment,
) -> Outcome:
    """What a message is answered with.

    Args:
        message: the message.
        mode: who speaks now.
        first: what the screen says now.
        said: what the bot said; None if it was not asked.
        equipment: for the fixed texts.
    """
    if first is not None and first.alone:
        return Outcome(first.texts, (), Author.BOT, first.custom(), mode)
    if mode in HELD and message.text.strip() == lifecycle.BOT_AGAIN:
        text = equipment.messages.text("bot_again")
        turn = {**_SILENT_TURN, "status": "smalltalk", "escalate": False, "reason": None}
        return Outcome((text,), (), Author.DESK, turn, Mode.BOT)
    if mode in HELD and message.kind in (Kind.FOLLOW, Kind.GUIDE):
        fixed = _to_no_text(message, equipment.messages)
        return Outcome(fixed.texts, (), Author.DESK, fixed.custom, mode)
    if mode in HELD:
        # A person holds it: nothing is said but what the screen must say.
        turn = first.custom() if first is not None else _SILENT_TURN
        return Outcome(first.texts if first else (), (), Author.BOT, turn, Mode.HUMAN)
    assert said is not None, "a turn without an answer is not committed"
    failure = str(said) if isinstance(said, RasaError) else ""
    if isinstance(said, RasaError):
        # The safe text and a ticket, behind what the screen says.
        bot = instead("unavailable", equipment.messages, first)
    else:
        bot = said.raised(first)
    return Outcome(bot.texts, bot.buttons, Author.BOT, bot.custom, Mode.BOT, failure)


def _commit(
    message: Message,
    reading: Reading,
    said: BotTurn | RasaError | None,
    equipment: Equipment,
) -> None:
    """Writes a turn down, whole or not at all.

    Judged anew on the conversation as it stands: while Rasa was asked an emergency may have been
    answered, or a person may have taken over.
    """
    now = dt.datetime.now(TOKYO)
    with transaction.atomic():
        conversation = Conversation.locked(message.conversation_id)
        first, state = _first(reading, conversation, equipment, now)
        alone = first is not None and first.alone
        if said is None and conversation.mode == Mode.BOT and not alone:
            return  # the bot has come back meanwhile: the turn is taken again, and it is asked
        outcome = _outcome(message, conversation.mode, first, said, equipment)
        turn = dict(outcome.turn)
        fresh = change(
            message, "answered_at IS NULL", answered_at=now, turn=turn,
            mentions=[[m.finding, m.start, m.end, m.standing.value] for m in reading.mentions],
        )  # fmt: skip
        if not fresh:
            return  # it has been answered meanwhile
        Reply.objects.bulk_create(_replies(message, outcome, conversation, now))
        change(
            conversation, screen=state.to_json(), mode=outcome.mode,
            mode_since=conversation.mode_since if outcome.mode == conversation.mode else now,
            places=conversation.places + len(outcome.texts),
        )  # fmt: skip
        if turn["escalate"]:
            goes_on = lifecycle.add(conversation, message, turn, equipment.hours, now)
            if goes_on and not outcome.texts:
                lifecycle.tell_received(conversation, equipment, now)
        record(
            "turn.answered", now, conversation=conversation.sender, place=message.place,
            status=turn["status"], triage=turn["triage"], rule=turn["rule"], reason=turn["reason"],
            answers=[[a["answer_id"], a["version"]] for a in turn["answers"]],
            replies=len(outcome.texts), failure=outcome.failure,
        )  # fmt: skip
        transaction.on_commit(lambda: metrics.count_turn(turn, message.received_at))


def _replies(
    message: Message, outcome: Outcome, conversation: Conversation, now: dt.datetime
) -> Iterator[Reply]:
    """What a turn puts into the outbox, behind what the conversation holds; it is sent after the turn."""
    last = len(outcome.texts)
    for number, text in enumerate(outcome.texts, start=1):
        yield Reply(
            conversation=conversation,
            place=conversation.places + number,
            answers=message,
            author=outcome.author,
            text=text,
            buttons=[list(button) for button in outcome.buttons] if number == last else [],
            created_at=now,
            due_at=now,
        )
