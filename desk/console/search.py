"""Search: conversations by words that stand in them, and by what became of them.

What is looked for may be a patient's words, so it is sent by POST and stays in the session, under a
name that says nothing; the address of a page of results holds that name. So the browser's way back and
a second window work, and no address, log or history holds the words.

What was written is sealed where it is stored, so no database can look for words in it: the lines are opened
here and looked at, the newest first, and no more than ``SCANNED`` of them.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Q, QuerySet, TextChoices, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.locale import sentence
from desk.audit.models import record
from desk.console.numbers import key_of
from desk.console.period import DaysForm, between
from desk.console.spellings import Part, snippet, spellings, words_of
from desk.console.transcript import LINES, noted_by, said_by
from desk.conversations.models import PEOPLE, Author, Conversation, Message, Reply
from desk.seals.fields import SealedTextField
from desk.seals.keys import SealError
from desk.seals.ring import keyring
from desk.staff.roles import for_staff, staff_of
from desk.tickets.models import Level, Note, State, Ticket

#: Conversations on a page.
PAGE = 25
#: Lines of a conversation that are shown.
SHOWN = 3
#: Lines that are opened for one search, and how many of them are read at once.
SCANNED, CHUNK = 40_000, 2_000
#: Fewest letters, and most words, of a query.
LEAST, MOST = 2, 8
#: Searches that a session remembers, and where.
KEPT = 10
_SESSION_KEY = "searches"
NOBODY = "nobody"


class Kind(TextChoices):
    """Who wrote a line."""

    PATIENT = "patient", "患者さん"
    STAFF = "staff", "スタッフ・医師の返信"
    NOTE = "note", "内部メモ"
    BOT = "bot", "自動応答・窓口の案内"


def _holders() -> list[tuple[str, str]]:
    people = User.objects.filter(Q(is_active=True) | Q(tickets__isnull=False)).distinct()
    named = [(str(p.pk), p.account.name) for p in people.select_related("account")]
    return [("", "すべて"), (NOBODY, "担当なし"), *sorted(named, key=lambda pair: pair[1])]


class SearchForm(DaysForm):
    """What is looked for."""

    words = forms.CharField(
        label="ことば", required=False, max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label="探すところ", choices=Kind, widget=forms.CheckboxSelectMultiple,
        initial=[Kind.PATIENT, Kind.STAFF, Kind.NOTE],
        error_messages={"required": "探すところを一つ以上選んでください。"},
    )  # fmt: skip
    number = forms.CharField(
        label="対応番号", required=False, max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    state = forms.ChoiceField(
        label="状態", required=False, choices=[("", "すべて"), *State.choices]
    )
    level = forms.ChoiceField(
        label="緊急度", required=False, choices=[("", "すべて"), *Level.choices]
    )
    holder = forms.ChoiceField(label="担当", required=False, choices=_holders)

    field_order = ("words", "kinds", "number", "state", "level", "holder", "since", "until")

    def clean_words(self) -> str:
        """The words, if they are long enough to find something."""
        words: str = self.cleaned_data["words"]
        found = words_of(words)
        if words and len("".join(found)) < LEAST:
            raise ValidationError(f"ことばは {LEAST} 文字以上にしてください。")
        if len(found) > MOST:
            raise ValidationError(f"ことばは {MOST} 語までにしてください。")
        return words

    def clean_number(self) -> str:
        """The number's digits."""
        number = unicodedata.normalize("NFKC", self.cleaned_data["number"]).removeprefix("#")
        if number and key_of(number) is None:
            raise ValidationError("対応番号は数字で入れてください（例：12）。")
        return number

    def clean(self) -> dict[str, Any]:
        """Whether anything is looked for at all."""
        given = super().clean()
        if not self.errors and not self.asked():
            raise ValidationError("ことばか条件を入れてください。")
        return given

    def asked(self) -> list[str]:
        """The names of the fields that say something."""
        return [name for name, value in self.cleaned_data.items() if value and name != "kinds"]

    def narrowed(self) -> bool:
        """Whether something besides the words is looked for, or is wrong."""
        return any(self.data.get(name) or name in self.errors for name in self.field_order[2:])


@dataclass
class _Found:
    """What the lines of a conversation come to: how many hits, when the last."""

    hits: int
    last: dt.datetime

    def add(self, hits: int, last: dt.datetime) -> None:
        self.hits, self.last = self.hits + hits, max(self.last, last)


@dataclass(frozen=True)
class Line:
    """A line that was found.

    Attributes:
        place: its place in the conversation.
        who: who wrote it, in Japanese.
        at: when.
        parts: what is shown of it.
        query: what the address of its conversation needs to show it.
    """

    place: int
    who: str
    at: dt.datetime
    parts: list[Part]
    query: str


@dataclass(frozen=True)
class Result:
    """A conversation that was found.

    Attributes:
        conversation: the conversation.
        ticket: the newest of its tickets that were looked for; None without one.
        lines: its newest lines that were found.
        more: how many more there are.
        last: when the newest was written.
    """

    conversation: Conversation
    ticket: Ticket | None
    lines: list[Line]
    more: int
    last: dt.datetime


@for_staff()
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The form; with what is looked for, the results."""
    if request.method == "POST":
        form = SearchForm(request.POST)
        if not form.is_valid():
            return render(request, "console/search.html", {"form": form})
        return redirect(f"{reverse('console:search')}?search={_keep(request, form)}")
    name = request.GET.get("search", "")
    if not name:
        return render(request, "console/search.html", {"form": SearchForm()})
    form = SearchForm(_kept(request, name))
    if not form.is_valid():
        return render(request, "console/search.html", {"form": SearchForm(), "lost": True})
    found = Search(form.cleaned_data)
    pages = Paginator(found.conversations(), PAGE)
    here = pages.get_page(request.GET.get("page"))
    record(
        "search.made", timezone.now(), actor=staff_of(request).get_username(),
        fields=form.asked(), hits=pages.count, page=here.number,
    )  # fmt: skip
    context = {
        "form": form, "name": name, "page": here, "results": found.results(here),
        "reached": found.reached, "scanned": SCANNED,
    }  # fmt: skip
    return render(request, "console/search.html", context)


def _keep(request: HttpRequest, form: SearchForm) -> str:
    """Puts a search into the session, in the place of the oldest.

    Returns:
        Its name.
    """
    kept = dict(list(request.session.get(_SESSION_KEY, {}).items())[1 - KEPT :])
    name = secrets.token_urlsafe(9)
    assert isinstance(form.data, QueryDict)
    asked = {field: form.data.getlist(field) for field in form.fields if field in form.data}
    # Sessions are rows of the database, too.
    kept[name] = keyring().seal(json.dumps(asked), (_SESSION_KEY, name))
    request.session[_SESSION_KEY] = kept
    return name


def _kept(request: HttpRequest, name: str) -> QueryDict | None:
    """A search of the session; None if it is not there any more, or its key is not."""
    sealed = request.session.get(_SESSION_KEY, {}).get(name)
    try:
        asked = json.loads(keyring().open(sealed, (_SESSION_KEY, name))) if sealed else None
    except SealError:
        return None
    if asked is None:
        return None
    data = QueryDict(mutable=True)
    for field, values in asked.items():
        data.setlist(field, values)
    return data


class Search:
    """What a form looks for.

    Args:
        given: its cleaned values.

    Attributes:
        reached: the time back to which lines were looked at, when there were more than ``SCANNED``; else
            None.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.words = words_of(given["words"])
        self.kinds = [Kind(kind) for kind in given["kinds"]]
        self._since, self._until = given["since"], given["until"]
        self._ticket = Q()
        if given["number"]:
            self._ticket &= Q(pk=given["number"])
        if given["state"]:
            self._ticket &= Q(state=given["state"])
        if given["level"]:
            self._ticket &= Q(level=given["level"])
        if given["holder"] == NOBODY:
            self._ticket &= Q(claimed_by=None)
        elif given["holder"]:
            self._ticket &= Q(claimed_by=given["holder"])
        self._found: dict[int, _Found] = {}
        self._newest_hits: dict[Kind, dict[int, list[tuple[int, int]]]] = {}
        self.reached: dt.datetime | None = None

    def conversations(self) -> list[int]:
        """Primary keys of the conversations, that of the newest line first."""
        for kind in self.kinds:
            if self.words:
                self._scan(kind)
                continue
            groups = self._lines(kind).order_by().values("conversation")
            counted = groups.annotate(hits=Count("pk"), last=Max("at"))
            for key, hits, last in counted.values_list("conversation", "hits", "last"):
                self._add(key, hits, last)
        newest = sorted(self._found, key=lambda key: (self._found[key].last, key))
        return newest[::-1]

    def results(self, page: Page[int]) -> list[Result]:
        """What is shown of the conversations of a page, in their order."""
        keys = list(page)
        conversations = Conversation.objects.in_bulk(keys)
        tickets = Ticket.objects.filter(self._ticket, conversation__in=keys).order_by("pk")
        newest = {t.conversation_id: t for t in tickets.select_related("claimed_by__account")}
        lines: dict[int, list[Line]] = {key: [] for key in keys}
        for kind in self.kinds:
            for row in self._newest(kind, keys):
                conversation = conversations[row.conversation_id]
                lines[conversation.pk].append(self._line(kind, row, conversation))
        results = []
        for key in keys:
            shown = sorted(lines[key], key=lambda line: -line.place)[:SHOWN]
            more = self._found[key].hits - len(shown)
            results.append(
                Result(conversations[key], newest.get(key), shown, more, self._found[key].last)
            )
        return results

    def _add(self, conversation: int, hits: int, last: dt.datetime) -> None:
        if conversation in self._found:
            self._found[conversation].add(hits, last)
        else:
            self._found[conversation] = _Found(hits, last)

    def _scan(self, kind: Kind) -> None:
        """Opens the lines of a kind and notes those that hold all the words."""
        ways = [{way.lower() for way in spellings(word)} for word in self.words]
        hits = self._newest_hits.setdefault(kind, {})
        lines = self._lines(kind).order_by("-pk")
        text: SealedTextField = lines.model._meta.get_field("text")
        columns = ("pk", "conversation_id", "place", "at", "text", *text.bound_to)
        left = SCANNED // len(self.kinds)
        last: int | None = None
        while left:
            chunk = list(
                (lines if last is None else lines.filter(pk__lt=last)).values_list(*columns)[
                    : min(left, CHUNK)
                ]
            )
            for pk, conversation, place, at, sealed, *bound in chunk:
                row = dict(zip(text.bound_to, bound, strict=True))
                words = text.opened(sealed, row).lower()
                if all(any(way in words for way in one) for one in ways):
                    self._add(conversation, 1, at)
                    hits.setdefault(conversation, []).append((place, pk))
            if len(chunk) < min(left, CHUNK):
                return
            left, last = left - len(chunk), chunk[-1][0]
            oldest = chunk[-1][3]
        if lines.filter(pk__lt=last).exists():
            self.reached = max(filter(None, (self.reached, oldest)))

    def _lines(self, kind: Kind) -> QuerySet[Any]:
        """The lines of a kind among which is looked, each with its time."""
        lines: QuerySet[Any]
        if kind == Kind.PATIENT:
            lines = Message.objects.annotate(at=F("received_at"))
        elif kind == Kind.NOTE:
            lines = Note.objects.annotate(at=F("created_at"))
        else:
            authors = PEOPLE if kind == Kind.STAFF else (Author.BOT, Author.DESK)
            lines = Reply.objects.filter(author__in=authors).annotate(at=F("created_at"))
        lines = lines.filter(between("at", self._since, self._until))
        if self._ticket:
            tickets = Ticket.objects.filter(self._ticket)
            lines = lines.filter(conversation__in=tickets.values("conversation"))
        return lines

    def _newest(self, kind: Kind, keys: list[int]) -> QuerySet[Any]:
        """The newest lines of a kind of each conversation that were found."""
        lines = self._lines(kind).filter(conversation__in=keys)
        if kind == Kind.NOTE:
            lines = lines.select_related("author__account")
        elif kind != Kind.PATIENT:
            lines = lines.select_related("written_by__account")
        newest: QuerySet[Any]
        if self.words:
            hits = self._newest_hits[kind]
            shown = [pk for key in keys for _, pk in sorted(hits.get(key, ()))[-SHOWN:]]
            newest = lines.filter(pk__in=shown)
        else:
            rank = Window(RowNumber(), partition_by=F("conversation"), order_by=F("place").desc())
            newest = lines.annotate(rank=rank).filter(rank__lte=SHOWN)
        return newest

    def _line(self, kind: Kind, row: Any, conversation: Conversation) -> Line:
        older = row.place <= conversation.places - LINES
        return Line(
            row.place, _writer(kind, row), row.at, snippet(row.text, self.words),
            query="?all=1" if older else "",
        )  # fmt: skip


def _writer(kind: Kind, row: Any) -> str:
    if kind == Kind.PATIENT:
        return sentence("console.patient")
    return noted_by(row) if kind == Kind.NOTE else said_by(row)
