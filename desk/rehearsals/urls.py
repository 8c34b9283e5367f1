"""The addresses of rehearsals, below ``/staff/rehearsals/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from desk.rehearsals import editing, making, pages, running, signing, trying

app_name = "rehearsals"
urlpatterns: list[URLPattern] = [
    path("", pages.everything, name="list"),
    path("new/", editing.new, name="new"),
    path("<int:rehearsal>/", editing.edit, name="edit"),
    path("<int:rehearsal>/remove/", editing.remove, name="remove"),
    path("from-conversation/<uuid:sender>/", making.from_conversation, name="from-conversation"),
    path("import/", pages.take_in, name="import"),
    path("export/", pages.export, name="export"),
    path("groups/<int:group>/", running.group, name="group"),
    path("groups/<int:group>/export/", pages.export_group, name="export-group"),
    path("runs/", running.history, name="runs"),
    path("runs/start/", running.start, name="start"),
    path("runs/<int:run>/", running.page, name="run"),
    path("runs/<int:run>/progress/", running.progress, name="progress"),
    path("runs/<int:run>/cancel/", running.cancel, name="cancel"),
    path("runs/<int:run>/again/", running.again, name="again"),
    path("runs/<int:run>/sign-off/", signing.sign_off, name="sign-off"),
    path("shadow/", signing.shadow, name="shadow"),
    path("try/", trying.page, name="try"),
]
