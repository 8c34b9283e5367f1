"""Puts the LINE menu up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from linebot.v3.messaging import ApiException

from core.locale import sentence
from desk.environment import LineAccount
from desk.line.platform import PlatformError, platform
from desk.line.rich_menu import MenuError, put_up

#: Where LINE takes pictures.
BLOBS = "https://api-data.line.me"


class Command(BaseCommand):
    """``python -m desk line_menu``."""

    help = "LINE のトークの下に出るメニュー（緊急の案内つき）を登録します。"

    def handle(self, *_: Any, **__: Any) -> None:
        """Puts the menu up, or says why it cannot be."""
        account: LineAccount | None = settings.ENVIRONMENT.line
        if account is None:
            raise CommandError(sentence("settings.line_incomplete"))
        official = account.url.endswith("//api.line.me")
        try:
            token = platform().token()
            blobs = BLOBS if official else account.url
            folder = settings.ENVIRONMENT.data / "line"
            put_up(folder, account.url, blobs, token, self.stdout.write)
        except MenuError as error:
            raise CommandError(str(error)) from error
        except (ApiException, PlatformError) as error:
            status = getattr(error, "status", 0)
            raise CommandError(sentence("settings.line_refused", status=status)) from error
