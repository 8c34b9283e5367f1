"""The addresses of terms, examples and training, below ``/staff/training/``."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "training"
urlpatterns: list[URLPattern] = []
