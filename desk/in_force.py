"""What a process goes by at the moment, for Prometheus: the table, the rules, LINE's count of messages.

Each process has its own copies: one that lags behind is seen. Nothing is looked up for it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.clinic_hours import TOKYO
from desk.conversations.equipment import Equipment, equipment
from desk.line.quota import quota

#: Why answers are withheld, as reasons of the bot contract (design, §5).
_WITHHELD = ("expired_answer", "stopped_answer", "unapproved_answer")


class InForce(Collector):
    """What this process goes by."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing, so that being registered loads nothing."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges; none before the process is equipped."""
        if equipment.cache_info().currsize:
            yield from _table(equipment())
        if settings.ENVIRONMENT.line is not None:
            yield from _line()


def _table(tools: Equipment) -> Iterable[GaugeMetricFamily]:
    knowledge, today = tools.knowledge, dt.datetime.now(TOKYO).date()
    require_approval = settings.ENVIRONMENT.require_approval
    for name, what, version in (
        ("desk_table_info", "The version of the table that this process answers with.",
         knowledge.version),
        ("desk_rules_info", "The version of the red-flag rules that this process screens with.",
         tools.triage.version),
    ):  # fmt: skip
        info = GaugeMetricFamily(name, what, labels=["version"])
        info.add_metric([version], 1)
        yield info
    yield GaugeMetricFamily(
        "desk_table_readable", "Whether the table that is published could be taken over.",
        value=tools.table.is_readable,
    )  # fmt: skip
    why = Counter(
        knowledge.withheld(answer, today, require_approval) for answer in knowledge.answers.values()
    )
    answers = GaugeMetricFamily("desk_answers", "Answers that may be given.", value=why[None])
    yield answers
    withheld = GaugeMetricFamily(
        "desk_answers_withheld", "Answers that may not be given, and why.", labels=["reason"]
    )
    for reason in _WITHHELD:
        withheld.add_metric([reason], why[reason])
    yield withheld


def _line() -> Iterable[GaugeMetricFamily]:
    """How much of the month's pushes is left; nothing until LINE has said."""
    count = quota.count()
    if count is None:
        return
    yield GaugeMetricFamily(
        "desk_line_quota_used", "Pushes of this month. Of LINE: take the maximum.", value=count.used
    )
    yield GaugeMetricFamily(
        "desk_line_quota_left_ratio",
        "Share of the month's pushes that is left, 0 to 1. Of LINE: take the minimum.",
        value=count.left,
    )
