"""The addresses of the editorial desk, below ``/staff/table/``."""

from __future__ import annotations

from django.urls import path

from desk.editorial import sheets

app_name = "editorial"
urlpatterns = [
    # The table as a spreadsheet.
    path("sheet/", sheets.sheet, name="sheet"),
    path("sheet/preview/", sheets.preview, name="sheet-preview"),
    path("sheet/confirm/", sheets.confirm, name="sheet-confirm"),
    path("export.csv", sheets.export, {"end": ".csv"}, name="export-csv"),
    path("export.xlsx", sheets.export, {"end": ".xlsx"}, name="export-xlsx"),
]
