"""The addresses of terms, examples and training, below ``/staff/training/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from desk.training import pages, views

app_name = "training"
urlpatterns: list[URLPattern] = [
    path("", views.overview, name="overview"),
    path("start/", views.start, name="start"),
    path("back/", views.back, name="back"),
    path("runs/<int:training>/", views.run, name="run"),
    path("runs/<int:training>/live/", views.live, name="live"),
    path("runs/<int:training>/stop/", views.stop, name="stop"),
    path("runs/<int:training>/switch/", views.switch, name="switch"),
    path("examples/", pages.examples, name="examples"),
    path("terms/", pages.words, name="terms"),
    path("terms/effect/", pages.word_effect, name="word-effect"),
    path("terms/spelling/", pages.spelling, name="spelling"),
    path("terms/spelling/effect/", pages.spelling_effect, name="spelling-effect"),
    path("proposals/<int:proposal>/", pages.decide, name="decide"),
]
