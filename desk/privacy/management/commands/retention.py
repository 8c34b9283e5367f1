"""Deletes what has been kept long enough, or only says what would go."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.conversations.equipment import equipment
from desk.privacy.backups import too_old
from desk.privacy.erasing import periods
from desk.privacy.models import Purge
from desk.privacy.retention import delete_due, make
from desk.privacy.tracker import forget_due


class Command(BaseCommand):
    """``python -m desk retention``."""

    help = "保存期間を過ぎたものを消し、種類ごとの件数を出します。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be chosen."""
        parser.add_argument(
            "--dry-run", action="store_true", help="何も消さず、消えるはずの件数だけを出します。"
        )

    def handle(self, *_: Any, dry_run: bool, **__: Any) -> None:
        """Deletes, and says what came of it."""
        now, kept = dt.datetime.now(TOKYO), periods(equipment())
        say = self.stdout.write
        key = "told" if kept.is_told else "not_told"
        say(sentence(f"kept_text.{key}", told=kept.told, days=kept.days["records"]))
        if dry_run:
            counts = delete_due(kept, now, dry=True)
        else:
            purge = Purge.objects.update_or_create(day=now.date(), defaults={"beat_at": now})[0]
            counts = make(purge, equipment(), now)
            forget_due(now)
        heading = "dry" if dry_run else "done"
        say(sentence(f"kept_text.{heading}"))
        for kind, count in counts.items():
            say(sentence("kept_text.row", kind=sentence(f"kept.{kind}"), **count))
        for backup in too_old(settings.ENVIRONMENT.backups, kept.days["backups"], now):
            say(sentence("kept_text.backup", name=backup.name, days=backup.days))
