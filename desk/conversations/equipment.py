"""What turns are taken with: rules, texts, opening hours, and Rasa. Loaded once a process."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

from django.conf import settings

from core.clinic_hours import TOKYO, ClinicHours
from core.first_response import FirstResponses
from core.knowledge import Knowledge
from core.knowledge_source import KnowledgeSource
from core.messages import Messages
from core.triage_source import TriageSource, triage_of
from desk.conversations.pace import Pace
from desk.editorial.table import DatabaseTable
from desk.environment import Environment
from desk.training.route import RoutedRasa


@dataclass(frozen=True)
class Equipment:
    """What turns are taken with.

    Attributes:
        triage: the rules.
        table: the vetted table, the fixed texts and the opening hours.
        rasa, pace: Rasa, and how often it is asked.
        bot_returns: how long a conversation that a person holds may be silent.
        closing: how long after its end a message still reaches the person.
    """

    triage: TriageSource
    table: KnowledgeSource
    rasa: RoutedRasa
    pace: Pace
    bot_returns: dt.timedelta
    closing: dt.timedelta

    @property
    def knowledge(self) -> Knowledge:
        """The vetted table as it is now."""
        return self.table.current[0]

    @property
    def messages(self) -> Messages:
        """The fixed texts as they are now."""
        return self.table.current[1]

    @property
    def responses(self) -> FirstResponses:
        """What is said first to what is urgent."""
        return self.table.first_responses

    @property
    def hours(self) -> ClinicHours:
        """When the clinic is open."""
        return self.table.hours


def _today() -> dt.date:
    return dt.datetime.now(TOKYO).date()


@functools.lru_cache(maxsize=1)
def equipment() -> Equipment:
    """That of this process; its table is kept current from now on.

    Raises:
        DataError: the data folder cannot be used.
    """
    environment: Environment = settings.ENVIRONMENT
    table = KnowledgeSource(environment.data, DatabaseTable(_today), _today)
    triage = triage_of(environment.data)
    table.first_responses.check(triage.current)
    table.start()
    return Equipment(
        triage, table,
        RoutedRasa(environment.rasa, environment.rasa_seconds),
        Pace(environment.turns_a_minute, environment.shared),
        bot_returns=dt.timedelta(minutes=environment.bot_returns_minutes),
        closing=dt.timedelta(minutes=environment.closing_minutes),
    )  # fmt: skip
