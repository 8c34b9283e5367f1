"""The addresses of privacy, below ``/staff/privacy/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from desk.privacy import access_pages, pages, patient_pages

app_name = "privacy"
urlpatterns: list[URLPattern] = [
    path("", pages.retention, name="retention"),
    path("access/", access_pages.page, name="access"),
    path("access/reviewed/", access_pages.reviewed, name="reviewed"),
    path("archives/", pages.archives, name="archives"),
    path("archives/<uuid:sender>/", pages.archive, name="archive"),
    path("conversations/<uuid:sender>/", patient_pages.wish, name="wish"),
    path("requests/<int:asked>/", patient_pages.confirm, name="confirm"),
]
