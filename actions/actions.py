"""The custom action that ``domain.yml`` names: reads the turn, decides, replies, remembers."""

from __future__ import annotations

import datetime as dt
import functools
import os
from pathlib import Path
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.choose import Desk
from actions.compose import compose, custom
from actions.context import Context
from actions.published import PublishedTable
from actions.screened import Screen, decide_screened
from actions.turn import read_turn
from core.clinic_hours import TOKYO
from core.japanese import data_tokenizer
from core.judge import Reading
from core.knowledge_source import KnowledgeSource
from core.triage_source import judge_of, triage_of

CONTEXT_SLOT = "context"


def _today() -> dt.date:
    """The clinic's day, wherever the server stands."""
    return dt.datetime.now(TOKYO).date()


def _folder() -> Path:
    return Path(os.environ.get("DESK_DATA") or "data")


@functools.lru_cache(maxsize=1)
def knowledge_source() -> KnowledgeSource:
    """The process's table: that of ``KNOWLEDGE_URL`` (with ``KNOWLEDGE_TOKEN``; its last copy is kept at
    ``KNOWLEDGE_COPY``), or the files of ``DESK_DATA`` (default ``data``).
    """
    folder = _folder()
    url, copy = os.environ.get("KNOWLEDGE_URL"), os.environ.get("KNOWLEDGE_COPY")
    publisher = None
    if url:
        token = os.environ.get("KNOWLEDGE_TOKEN", "")
        publisher = PublishedTable(url, token, Path(copy) if copy else None)
    source = KnowledgeSource(folder, publisher, _today)
    source.start()
    return source


def _desk() -> Desk:
    return Desk(
        knowledge=knowledge_source().current[0],
        tokenizer=data_tokenizer(_folder()),
        today=_today(),
        require_approval=os.environ.get("DESK_REQUIRE_APPROVAL") == "1",
    )


def _screen() -> Screen:
    return Screen(
        judge=judge_of(_folder()).current,
        responses=knowledge_source().first_responses,
        now=dt.datetime.now(TOKYO),
        read=_read,
    )


def _read(text: str) -> Reading:
    """What a message says that came without the reading of ``nlu.red_flag_screen``.

    With the shipped ``config.yml`` none does; the phrases are loaded when one comes, for they take
    some 300 MB.
    """
    return triage_of(_folder()).current.read(text)


class ActionRespond(Action):
    """Answers a turn from the table, asks which was meant, or passes it on to a person."""

    def name(self) -> str:
        """The name in ``domain.yml``."""
        return "action_respond"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, _domain: dict[str, Any]
    ) -> list[EventType]:
        """Replies to the latest message and remembers its context."""
        knowledge, messages = knowledge_source().current
        turn = read_turn(tracker.latest_message)
        context = Context.from_slot(tracker.get_slot(CONTEXT_SLOT))
        screen = _screen()
        decision = decide_screened(turn, context, _desk(), screen)
        closed = screen.responses.closed_note(screen.now)
        for item in compose(decision, knowledge, messages, closed):
            buttons = [{"title": title, "payload": payload} for title, payload in item.buttons]
            dispatcher.utter_message(text=item.text, buttons=buttons or None)
        dispatcher.utter_message(json_message=custom(decision))
        return [SlotSet(CONTEXT_SLOT, decision.context.to_slot())]


# Loaded when the action server starts, so that a broken table or rule stops it there, with its place.
knowledge_source()
_desk()
_screen()
