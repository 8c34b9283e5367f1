"""The statistics page, and its numbers as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.console.charts import Columns, columns
from desk.console.download import Value, csv_file
from desk.console.figures import Figures, Traffic, figures
from desk.console.period import OFFERED, Period, chosen
from desk.conversations.equipment import equipment
from desk.staff.roles import for_staff


@for_staff()
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The figures of the last days or of days of one's own."""
    today = dt.datetime.now(TOKYO).date()
    form, period = chosen(request.GET, today)
    offered = [(days, Period.until(today, days)) for days in OFFERED]
    context: dict[str, object] = {"form": form, "offered": offered, "period": period}
    if period is not None:
        found = figures(period, equipment(), dt.datetime.now(TOKYO))
        context |= {
            "figures": found.named(), "headline": found.headline,
            "waiting": found.traffic.waiting,
            "charts": _charts(found.traffic),
            "query": urlencode({"since": str(period.first), "until": str(period.last)}),
        }  # fmt: skip
    return render(request, "console/statistics.html", context)


@for_staff()
@require_GET
def download(request: HttpRequest) -> HttpResponseBase:
    """The same as a file: a line a number, which spreadsheets and programs can regroup."""
    form, period = chosen(request.GET, dt.datetime.now(TOKYO).date())
    if period is None:
        return HttpResponseBadRequest(form.errors.as_text(), content_type="text/plain")
    found = figures(period, equipment(), dt.datetime.now(TOKYO))
    return csv_file(f"statistics-{period.first}-{period.last}.csv", _lines(found, period))


def _charts(traffic: Traffic) -> dict[str, Columns]:
    """The charts by day."""
    labels = [f"{day.month}/{day.day}" for day in traffic.days]
    counts = {
        "messages": [count for count, _ in traffic.days.values()],
        "conversations": [len(conversations) for _, conversations in traffic.days.values()],
    }
    return {
        name: columns(
            values,
            [sentence("figures.a_bar", day=d, count=v) for d, v in zip(labels, values)],
            labels,
        )
        for name, values in counts.items()
    }


def _lines(found: Figures, period: Period) -> Iterator[list[Value]]:
    yield [sentence(f"figures.{name}") for name in ("since", "until", "figure", "row", "column",
                                                    "value")]  # fmt: skip
    days = [period.first.isoformat(), period.last.isoformat()]
    for figure in found.every:
        for line in figure.lines:
            for heading, cell in line.cells:
                yield [*days, figure.title, line.row.label, heading, cell.value]
