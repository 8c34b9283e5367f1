"""The console's addresses, below ``/staff/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from desk.console import alarms, audit, conversation, events, export, queue, search, statistics

app_name = "console"
_CONVERSATION = "conversations/<uuid:sender>/"
urlpatterns: list[URLPattern] = [
    path("", queue.page, name="queue"),
    path("queue/", queue.rows, name="rows"),
    path("events/", events.stream, name="events"),
    path("alarms/", alarms.part, name="alarms"),
    path(_CONVERSATION, conversation.page, name="conversation"),
    path(f"{_CONVERSATION}transcript/", conversation.transcript, name="transcript"),
    path(f"{_CONVERSATION}begin/", conversation.begin, name="begin"),
    path(f"{_CONVERSATION}claim/", conversation.claim, name="claim"),
    path(f"{_CONVERSATION}take-over/", conversation.take_over, name="take-over"),
    path(f"{_CONVERSATION}release/", conversation.release, name="release"),
    path(f"{_CONVERSATION}doctor/", conversation.hand_to_doctor, name="doctor"),
    path(f"{_CONVERSATION}reply/", conversation.reply, name="reply"),
    path(f"{_CONVERSATION}note/", conversation.note, name="note"),
    path(f"{_CONVERSATION}close/", conversation.close, name="close"),
    path(f"{_CONVERSATION}appointments/", conversation.book, name="book"),
    path(
        f"{_CONVERSATION}appointments/<int:appointment>/cancel/", conversation.cancel,
        name="cancel",
    ),
    path("answers/", conversation.answers, name="answers"),
    path("search/", search.page, name="search"),
    path("statistics/", statistics.page, name="statistics"),
    path("statistics/statistics.csv", statistics.download, name="statistics-csv"),
    path("audit/", audit.page, name="audit"),
    path(f"{_CONVERSATION}export/", export.conversation, name="export-conversation"),
    path("export/tickets.csv", export.tickets, name="export-tickets"),
]  # fmt: skip
