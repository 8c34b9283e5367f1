"""LINE's addresses."""

from __future__ import annotations

from django.urls import path

from desk.line.webhook import webhook

urlpatterns = [path("webhook", webhook, name="line-webhook")]
