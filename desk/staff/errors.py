"""The page for a form that does not come from one of the desk's own pages, or from an old one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Says that the page is too old, and what to do."""
    return render(request, "staff/csrf.html", status=403)
