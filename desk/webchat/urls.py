"""The web chat's addresses."""

from __future__ import annotations

from django.urls import path

from desk.webchat.api import chat
from desk.webchat.pages import embed_page, patient_page

urlpatterns = [
    path("", patient_page, name="patient-page"),
    path("embed", embed_page, name="embed-page"),
    path("chat/", chat.urls),
]
