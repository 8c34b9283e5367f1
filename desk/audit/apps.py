"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Audit."""

    name = "desk.audit"
    verbose_name = "監査記録"
