"""``make bench-seals``: how fast texts are sealed, looked through and sealed anew, on the desk's database.

All of it happens in one transaction, which is taken back.
"""

from __future__ import annotations

import time
import uuid
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from desk.console.search import Kind, Search
from desk.conversations.models import API, Conversation, Message
from desk.seals.keys import Key, Keyring
from desk.seals.ring import keyring
from desk.seals.sealing import Column, seal_all

_TEXT = "唇が乾燥して痛いです。どうしたらよいですか。"
_NOTHING = {"since": None, "until": None, "number": "", "state": "", "level": "", "holder": ""}


class Command(BaseCommand):
    """Prints rows a second, by the processor's time and by the clock."""

    help = "暗号化・検索・鍵の交換の速さを測ります（書いたものは元に戻します）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much."""
        parser.add_argument("--messages", type=int, default=20_000, help="測るメッセージの数")

    def handle(self, *_: object, **options: Any) -> None:
        """Measures."""
        count: int = options["messages"]
        column = Column(Message, Message._meta.get_field("text"))
        ring = Keyring((Key("measured", bytes(range(32))), *keyring().keys))
        row = {"conversation_id": 1, "place": 1}
        sealed = [column.field.sealed(_TEXT, row) for _ in range(count)]
        with transaction.atomic():
            self._say("seal", count, lambda: [column.field.sealed(_TEXT, row) for _ in sealed])
            self._say("open", count, lambda: [column.field.opened(one, row) for one in sealed])
            self._say("store", count, lambda: _store(count))
            search = Search({"words": "口角 痛い", "kinds": [Kind.PATIENT], **_NOTHING})
            self._say("search", count, search.conversations)
            self._say("rotate", count, lambda: list(seal_all(column, ring)))
            self._say("count keys", count, column.used)
            transaction.set_rollback(True)

    def _say(self, what: str, count: int, job: Callable[[], object]) -> None:
        clock, processor = time.perf_counter(), time.process_time()
        job()
        seconds, busy = time.perf_counter() - clock, time.process_time() - processor
        self.stdout.write(f"{what:<12}{count / busy:>12,.0f} /s CPU {count / seconds:>12,.0f} /s")


def _store(count: int) -> None:
    """Messages of one conversation, as many as are measured."""
    now, name = timezone.now(), uuid.uuid4().hex
    conversation = Conversation.begun(API, name, now)
    Message.objects.bulk_create(
        (
            Message(
                conversation=conversation, place=place, channel=API, event_id=f"{name}{place}",
                text=f"{_TEXT}{place}", sent_at=now, received_at=now,
            )
            for place in range(1, count + 1)
        ),
        batch_size=2_000,
    )  # fmt: skip
