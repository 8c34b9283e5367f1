"""«Try a question»: what the bot would say to some words and why, with no trace of them.

What is typed may be a patient's words: it comes by POST, is said to a bench (``desk.rehearsals.bench``)
that remembers nothing, and travels on in the page's own form, so that a follow-up can be tried.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core.clinic_hours import TOKYO
from core.faults import DataError
from core.knowledge_source import Table, load_table
from core.locale import sentence
from core.terms import Term, load_terms
from desk.conversations.equipment import equipment
from desk.conversations.rasa import RasaError
from desk.rehearsals.bench import Bench, Talk
from desk.rehearsals.candidates import IN_FORCE, files_of, offered
from desk.rehearsals.explained import Explained, explained
from desk.rehearsals.parser import usual_parser
from desk.staff.roles import for_staff

#: Messages of one trial, letters of a message, and letters of all together.
MOST, LONGEST, LETTERS = 12, 2100, 5000
#: Text of a button, which nobody types.
_PAYLOAD = re.compile(r"(?:answer|detail):[A-Z0-9-]+|person:")


class TryForm(forms.Form):
    """What is said next, and what was said before."""

    text = forms.CharField(
        label="患者さんの言葉", max_length=LONGEST, required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        error_messages={"max_length": f"{LONGEST} 文字までにしてください。"},
    )  # fmt: skip
    press = forms.CharField(required=False, max_length=80)
    earlier = forms.CharField(required=False, widget=forms.HiddenInput)
    table = forms.ChoiceField(
        label="回答表", required=False,
        choices=lambda: [(IN_FORCE, "公開中の回答表"), *offered()],
    )  # fmt: skip

    def clean_earlier(self) -> list[str]:
        """The messages before."""
        try:
            earlier = json.loads(self.cleaned_data["earlier"] or "[]")
        except ValueError:
            earlier = None
        if not isinstance(earlier, list) or not all(isinstance(words, str) for words in earlier):
            raise ValidationError(sentence("rehearsals.trial_lost"))
        return earlier

    def clean(self) -> dict[str, Any]:
        """Whether something is said, and not too much in all."""
        given = super().clean() or {}
        if self.errors:
            return given
        given["said"] = given["press"] or given["text"]
        messages = [*given["earlier"], given["said"]]
        if not given["said"].strip():
            self.add_error("text", sentence("rehearsals.nothing_said"))
        elif len(messages) > MOST or sum(map(len, messages)) > LETTERS:
            self.add_error("text", sentence("rehearsals.trial_too_long", most=MOST))
        return given


@for_staff()
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The form; with words, what the bot says to them and why."""
    context: dict[str, object] = {}
    if request.method != "POST":
        return render(request, "rehearsals/try.html", context | {"form": TryForm()})
    form = TryForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        messages = [*given["earlier"], given["said"]]
        try:
            context |= {"turns": _trial(messages, _table(given["table"])), "going_on": True}
            form = TryForm(initial={"earlier": json.dumps(messages, ensure_ascii=False),
                                    "table": given["table"]})  # fmt: skip
        except RasaError:
            form.add_error(None, sentence("rehearsals.no_rasa"))
        except DataError as error:
            form.add_error("table", sentence("rehearsals.table_broken"))
            context["faults"] = str(error).splitlines()
    status = 200 if form.is_valid() or not form.is_bound else 422
    return render(request, "rehearsals/try.html", context | {"form": form}, status=status)


@contextlib.contextmanager
def talk_now(table: Table | None = None) -> Iterator[tuple[Bench, Talk]]:
    """A new conversation with the bot as it would answer now, and the bench it is held with.

    Args:
        table: the table; by default the one in force.

    Raises:
        RasaError: there is no server, or no model.
    """
    environment, tools = settings.ENVIRONMENT, equipment()
    with usual_parser(environment.rasa_seconds) as parser:
        bench = Bench(
            table or tools.table.table, parser.parse, tools.triage, dt.datetime.now(TOKYO),
            environment.require_approval,
        )  # fmt: skip
        yield bench, bench.talk()


@functools.lru_cache(maxsize=1)
def terms() -> dict[str, Term]:
    """The lexicon's terms by id."""
    path = settings.ENVIRONMENT.data / "lexicon" / "terms.csv"
    return {term.term_id: term for term in load_terms(path)}


def _table(choice: str) -> Table:
    """The table that is asked for.

    Raises:
        DataError: with the drafts it is none that could be published.
    """
    if choice == IN_FORCE:
        return equipment().table.table
    return load_table(files_of(choice), frozenset(terms()), dt.datetime.now(TOKYO).date())


def _trial(messages: list[str], table: Table) -> list[Explained]:
    """What is said to each message of a conversation, the last one last.

    Raises:
        RasaError: the NLU does not answer.
    """
    found: list[Explained] = []
    with talk_now(table) as (bench, talk):
        for text in messages:
            look = talk.look(text)
            found.append(explained(look, _shown(text, found), bench, terms()))
    return found


def _shown(text: str, before: list[Explained]) -> str:
    """What the patient sees of their own message: of a button its title."""
    if not _PAYLOAD.fullmatch(text):
        return text
    titles = {payload: title for turn in before for title, payload in turn.said.buttons}
    return f"［{titles.get(text, text)}］"
