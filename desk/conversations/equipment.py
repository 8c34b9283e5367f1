"""What turns are taken with: rules, texts, opening hours, and Rasa. Loaded once a process."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from django.conf import settings

from core.clinic_hours import ClinicHours
from core.first_response import FirstResponses
from core.messages import Messages
from core.triage_source import TriageSource, triage_of
from desk.conversations.pace import Pace
from desk.conversations.rasa import Rasa
from desk.environment import Environment


@dataclass(frozen=True)
class Equipment:
    """The rules, their texts, the fixed texts, when the clinic is open, and Rasa, and how often it
    is asked.
    """

    triage: TriageSource
    responses: FirstResponses
    messages: Messages
    hours: ClinicHours
    rasa: Rasa
    pace: Pace


@functools.lru_cache(maxsize=1)
def equipment() -> Equipment:
    """That of this process.

    Raises:
        DataError: the data folder cannot be used.
    """
    environment: Environment = settings.ENVIRONMENT
    knowledge = environment.data / "knowledge"
    messages = Messages.load(knowledge)
    hours = ClinicHours.from_yaml((knowledge / "clinic.yml").read_bytes())
    triage = triage_of(environment.data)
    responses = FirstResponses(messages, hours)
    responses.check(triage.current)
    rasa = Rasa(environment.rasa, environment.rasa_seconds)
    pace = Pace(environment.turns_a_minute, environment.shared)
    return Equipment(triage, responses, messages, hours, rasa, pace)
