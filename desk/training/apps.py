"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Training."""

    name = "desk.training"
    verbose_name = "学習"
