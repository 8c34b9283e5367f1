"""The addresses of rehearsals, below ``/staff/rehearsals/``."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "rehearsals"
urlpatterns: list[URLPattern] = []
