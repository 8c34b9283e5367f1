"""The addresses of the editorial desk, below ``/staff/table/``."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "editorial"
urlpatterns: list[URLPattern] = []
