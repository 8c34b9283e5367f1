"""What happens to visitors' sessions with time (``tests.desk.scenes``)."""

from __future__ import annotations

import datetime as dt
import time
from unittest import mock

from desk.conversations.models import PEOPLE, Reply
from desk.webchat.models import IDLE, Feedback, Session
from desk.webchat.sessions import TOKEN_SECONDS, token_of
from tests.desk.scenes import do, now


def old_token() -> None:
    """Prints a token of the newest session that has just become too old."""
    then = time.time() - TOKEN_SECONDS - 1
    with mock.patch("django.core.signing.time.time", lambda: then):
        print(token_of(Session.objects.latest("begun_at")))


def long_gone() -> None:
    """Nobody comes back for a day."""
    Session.objects.update(used_at=now() - IDLE - dt.timedelta(minutes=1))


def deliveries() -> None:
    """Prints how far what people have written has come."""
    print(*Reply.objects.filter(author__in=PEOPLE).values_list("delivery", flat=True))


def opinions() -> None:
    """Prints what was thought of answers."""
    print(*Feedback.objects.values_list("helpful", flat=True))


def staff_goes_on(text: str) -> None:
    """The doctor who has the ticket writes once more."""
    do("reply", "doctor1", text)
