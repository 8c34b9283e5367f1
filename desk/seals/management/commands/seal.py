"""``python -m desk seal``: seals by the first key of ``DESK_KEYS`` what another key has sealed, or none."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.locale import sentence
from desk.seals.keys import Keyring
from desk.seals.ring import keyring
from desk.seals.sealing import BATCH, PLAIN, Column, check_keys, columns, seal_all, used_keys

#: Rounds through the tables: rows that somebody else was changing are found in the next one.
ROUNDS = 10
#: Seconds between two rounds, and between two lines of progress.
PAUSE, PROGRESS = 0.5, 5.0


class Command(BaseCommand):
    """Seals anew while the desk works; stopped, it goes on where it was when it is called again."""

    help = "DESK_KEYS の最初の鍵で、患者さんの文などを暗号化し直します（鍵の交換）。窓口の稼働中に使えます。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much at once."""
        parser.add_argument("--batch", type=int, default=BATCH, help="一度に書き換える行数")

    def handle(self, *_: object, **options: Any) -> None:
        """Goes through all columns, then says which keys are still needed."""
        check_keys()
        ring, refused = keyring(), 0
        for number in range(ROUNDS):
            refused = sum(self._column(column, ring, options["batch"]) for column in columns())
            used = used_keys()
            if used.total() - used[ring.first] <= refused:
                break
            time.sleep(PAUSE if number < ROUNDS - 1 else 0)
        for name, count in sorted(used.items()):
            text = "seals.plain" if name == PLAIN else "seals.used"
            self.stdout.write(sentence(text, name=name, count=count))
        others = [key.name for key in ring.keys if key.name != ring.first and not used[key.name]]
        for name in others:
            self.stdout.write(sentence("seals.may_go", name=name))
        left = used.total() - used[ring.first]
        if left:
            raise CommandError(sentence("seals.left", count=left, refused=refused))
        self.stdout.write(sentence("seals.all", name=ring.first))

    def _column(self, column: Column, ring: Keyring, batch: int) -> int:
        """Seals a column's values; how many could not be opened."""
        done = refused = 0
        said = time.monotonic()
        for part in seal_all(column, ring, batch):
            done, refused = done + part.done, refused + part.refused
            if time.monotonic() - said > PROGRESS:
                said = time.monotonic()
                self.stdout.write(sentence("seals.progress", column=column, count=done))
                self.stdout.flush()
        if done:
            self.stdout.write(sentence("seals.column", column=column, count=done))
        return refused
