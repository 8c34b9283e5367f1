"""The addresses of gaps and the weekly report, below ``/staff/gaps/``."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "gaps"
urlpatterns: list[URLPattern] = []
