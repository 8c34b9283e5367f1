"""The addresses of the editorial desk, below ``/staff/table/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from desk.editorial import browsing, reviewing, switching, writing

app_name = "editorial"
urlpatterns: list[URLPattern] = [
    path("", browsing.answers, name="answers"),
    path("new/", writing.new, name="new"),
    path("check/", writing.check, name="check"),
    path("entries/answer/<str:key>/edit/", writing.edit, name="edit"),
    path("entries/<str:kind>/<str:key>/", browsing.entry, name="entry"),
    path("due/", browsing.due, name="due"),
    path("review/", reviewing.waiting, name="review"),
    path("versions/<int:pk>/submit/", reviewing.submit, name="submit"),
    path("versions/<int:pk>/approve/", reviewing.approve, name="approve"),
    path("versions/<int:pk>/reject/", reviewing.reject, name="reject"),
    path("versions/<int:pk>/roll-back/", reviewing.roll_back, name="roll-back"),
    path("switches/", switching.page, name="switches"),
    path("switches/<int:pk>/resume/", switching.resume, name="resume"),
]
