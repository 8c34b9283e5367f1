"""What staff do, until there is a console: run within a desk by ``python -m desk shell -c``."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User
from django.db import DatabaseError, connection

from core.clinic_hours import TOKYO
from desk.audit.models import AuditEntry
from desk.tickets.lifecycle import TicketTakenError, claim, close
from desk.tickets.models import Ticket


def now() -> dt.datetime:
    return dt.datetime.now(TOKYO)


def claim_at_once(people: int) -> None:
    """So many people claim the one ticket at the same time; prints how many got it."""
    users = [User.objects.create_user(f"staff{n}") for n in range(people)]
    together = threading.Barrier(people)

    def takes(user: User) -> bool:
        ticket = Ticket.objects.get()
        together.wait()
        try:
            claim(ticket, user, now())
        except TicketTakenError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(people) as pool:
        print(sum(pool.map(takes, users)))


def claim_it() -> None:
    claim(Ticket.objects.get(), User.objects.create_user("nurse"), now())


def close_it() -> None:
    """Somebody else cannot; who has it can, once."""
    ticket = Ticket.objects.get()
    other, nurse = User.objects.create_user("other"), User.objects.get(username="nurse")
    print(_refused(lambda: close(ticket, other, now())), end=" ")
    close(ticket, nurse, now())
    print(_refused(lambda: close(ticket, nurse, now())))


def rewrite_the_audit_log() -> None:
    """Prints what the database says to a change and to a deletion."""
    entry = AuditEntry.objects.first()
    assert entry is not None
    for attempt in (entry.save, entry.delete):
        try:
            attempt()
        except DatabaseError as error:
            print("append-only" in str(error), end=" ")
    print(AuditEntry.objects.count())


def _refused(call: Callable[[], None]) -> bool:
    try:
        call()
    except TicketTakenError:
        return True
    return False
