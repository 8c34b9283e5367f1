"""The desk's addresses."""

from __future__ import annotations

from django.urls import include, path

from desk import health
from desk.conversations.api import api

urlpatterns = [
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
    path("api/", api.urls),
    path("", include("desk.webchat.urls")),
    path("line/", include("desk.line.urls")),
    path("staff/", include("desk.staff.urls")),
    path("staff/table/", include("desk.editorial.urls")),
    path("staff/rehearsals/", include("desk.rehearsals.urls")),
    path("staff/gaps/", include("desk.gaps.urls")),
    path("staff/training/", include("desk.training.urls")),
    path("staff/privacy/", include("desk.privacy.urls")),
    path("staff/", include("desk.console.urls")),
]
