"""The addresses of the editorial desk, below ``/staff/table/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from desk.editorial import (
    browsing,
    number_pages,
    releasing,
    reviewing,
    settings_pages,
    sheets,
    switching,
    writing,
)

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
    path("releases/", releasing.everything, name="releases"),
    path("releases/<int:pk>/", releasing.release, name="release"),
    path("releases/<int:pk>/live/", releasing.live, name="release-live"),
    path("releases/<int:pk>/publish/", releasing.publish, name="publish"),
    path("switches/", switching.page, name="switches"),
    path("switches/<int:pk>/resume/", switching.resume, name="resume"),
    # The table as a spreadsheet.
    path("sheet/", sheets.sheet, name="sheet"),
    path("sheet/preview/", sheets.preview, name="sheet-preview"),
    path("sheet/confirm/", sheets.confirm, name="sheet-confirm"),
    path("export.csv", sheets.export, {"end": ".csv"}, name="export-csv"),
    path("export.xlsx", sheets.export, {"end": ".xlsx"}, name="export-xlsx"),
    # What a clinic decides, and the numbers that answers may state.
    path("clinic/", settings_pages.clinic, name="clinic"),
    path("clinic/effect/", settings_pages.effect, name="clinic-effect"),
    path("numbers/", number_pages.numbers, name="numbers"),
    path("numbers/number/", number_pages.number, name="number"),
]
