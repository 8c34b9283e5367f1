"""The addresses of gaps and the weekly report, below ``/staff/gaps/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from desk.gaps import pages, report

app_name = "gaps"
urlpatterns: list[URLPattern] = [
    path("", pages.page, name="page"),
    path("dismiss/", pages.dismissed, name="dismiss"),
    path("draft/", pages.draft, name="draft"),
    path("report/", report.page, name="report"),
    path("report/audit/", report.audited, name="audit"),
]
