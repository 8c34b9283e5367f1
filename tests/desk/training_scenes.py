"""What staff propose and train, by the functions that the console calls.

Called through ``tests.desk.scenes``, on the desk's database.
"""

from __future__ import annotations

import datetime as dt
import errno
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from core.clinic_hours import TOKYO
from desk.audit.models import AuditEntry
from desk.conversations.rasa import Rasa, RasaError
from desk.conversations.replicas import Replicas
from desk.training import export, proposals, runs, spellings, terms
from desk.training.model_file import PlacingError
from desk.training.models import Proposal, Route, Step, TrainingRun
from desk.training.refused import RefusedError
from desk.training.route import RoutedRasa, set_route
from desk.training.route import route as routed
from desk.training.swap import SwapError, swap
from tests.desk.scenes import now, person
from tools.places import MODEL

WHEN = dt.datetime(2026, 6, 1, 10, 0, tzinfo=TOKYO)


def proposed(who: str, intent: str, *texts: str) -> None:
    """Somebody proposes examples; prints how many, or why not."""
    try:
        made = proposals.propose_examples(texts, intent, person(who), WHEN)
    except RefusedError as error:
        print(error)
    else:
        print(len(made))


def word(who: str, surface: str, reading: str, norm: str) -> None:
    """Somebody proposes a word; prints why not, or "done"."""
    _try(lambda: terms.propose_word(terms.Word(surface, reading, norm), person(who), WHEN))


def spelling(who: str, term: str, text: str) -> None:
    """Somebody proposes a spelling; prints why not, or "done"."""
    _try(lambda: spellings.propose_spelling(term, text, person(who), WHEN))


def decided(who: str, text: str, decision: str, note: str = "") -> None:
    """Somebody decides on the newest proposal of a text; prints why not, or "done"."""
    proposal = Proposal.objects.filter(text=text).latest("id")
    step = {"accept": proposals.accept, "reject": proposals.reject}[decision]
    _try(lambda: step(proposal, person(who), WHEN, note))


def states() -> None:
    """Prints each proposal's text, state and reviewer."""
    for one in Proposal.objects.order_by("id"):
        print(one.text, one.state, one.reviewer.username if one.reviewer else "-")


def by_sql(statement: str, **values: object) -> None:
    """Whether the database itself takes a statement; prints "taken" or "refused"."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError:
        print("refused")
    else:
        print("taken")


def key_of(name: str) -> None:
    """Prints the primary key of somebody."""
    print(person(name).pk)


def exported(folder: str) -> None:
    """Writes what was accepted."""
    export.write(Path(folder))


def effect(surface: str, reading: str, norm: str, sample: str) -> None:
    """Prints a sentence's words and their lemmas before and after, and the share that changes."""
    found = terms.effect(terms.Word(surface, reading, norm), [sample])
    (one,) = found.samples
    for tokens in (one.before, one.after):
        print(" ".join(f"{t.surface}/{t.lemma}" for t in tokens))
    print(found.is_common, f"{found.changed}/{found.looked_at}")


def asked(step: str, who: str) -> None:
    """Somebody asks for training, or for something to be done with the newest run; prints why not."""
    steps = {
        "train": lambda: runs.request_training(person(who), now()),
        "back": lambda: runs.request_back(person(who), now()),
        "stop": lambda: runs.request_stop(newest(), person(who), now()),
        "switch": lambda: runs.request_switch(newest(), person(who), now()),
    }
    _try(steps[step])


def newest() -> TrainingRun:
    """The newest run."""
    return TrainingRun.objects.latest("id")


def run_is(field: str) -> None:
    """Prints a field of the newest run."""
    print(getattr(newest(), field))


def every_step() -> None:
    """Prints the steps of all runs, the oldest first."""
    print(" ".join(TrainingRun.objects.order_by("id").values_list("step", flat=True)))


def left_by(owner: str, minutes: float) -> None:
    """A process that is at a run's training was last heard of some minutes ago."""
    TrainingRun.objects.create(
        step=Step.TRAINING, by=person("nurse1"), created_at=now(), owner=owner,
        beat_at=now() - dt.timedelta(minutes=minutes),
    )  # fmt: skip


def route() -> None:
    """Prints where turns go."""
    row = Route.objects.first()
    print((row.url, row.other) if row else "home")


def turns_go_to(url: str, other: str | None) -> None:
    """A change of models that nobody is at any more has left this behind."""
    set_route(url, other)


def forgotten_by(*broken: str) -> None:
    """A text is removed while two servers remember it and some of them fail; prints who was asked, and what
    is raised.
    """
    asked: list[str] = []
    rasa = RoutedRasa(["home"], 1)

    def redact(server: Replicas, *_: object) -> None:
        name = next(url for url in ("http://new", "") if rasa.client(url) is server)
        asked.append(name or "home")
        if asked[-1] in broken:
            raise RasaError(asked[-1])

    set_route("http://new", "")
    with mock.patch.object(Replicas, "redact", redact):
        try:
            rasa.redact("p1", ["これ"], "…")
        except RasaError as error:
            asked.append(f"failed at {error}")
    print(*asked)


def taken_meanwhile() -> None:
    """A run is marked as left lying while its process is at it, which then writes something down; prints
    what is raised, and the run's step.
    """
    left_by("elsewhere:1", 0)
    run = newest()
    runs.enter(newest(), Step.FAILED, now())
    for write in (
        lambda: runs.change(run, percent=50),
        lambda: runs.enter(run, Step.READY, now()),
    ):
        try:
            write()
        except runs.LostError as error:
            print(error)
    print(newest().step)


def swap_without_notes(model: str) -> None:
    """Changes models, and the database takes no notes once turns go elsewhere; prints what is raised."""

    def tick(_: object, __: str) -> None:
        if routed() != ("", None):
            raise DatabaseError("database is locked")

    home = settings.ENVIRONMENT.rasa
    try:
        swap(Path(model), MODEL, home, lambda: None, tick)
    except DatabaseError as error:
        print(error)


def swap_without_room(model: str) -> None:
    """Changes models, and the file cannot be put in place; prints what is raised, and which model answers
    then.
    """

    def in_place() -> None:
        raise PlacingError(OSError(errno.ENOSPC, "No space left on device"))

    home = settings.ENVIRONMENT.rasa
    try:
        swap(Path(model), MODEL, home, in_place, lambda *_: None)
    except SwapError as error:
        print(error, Replicas(home, 5).model())


def swap_with_a_late_home(model: str) -> None:
    """Changes models, and the server of the settings is away for a time once it has loaded; prints where
    turns go meanwhile and what is said, and where they go in the end.
    """
    said: list[str] = []
    home = Rasa.model

    def away(self: Rasa) -> str | None:
        return None if loaded and not said else home(self)

    loaded: list[str] = []
    with (
        mock.patch("desk.training.swap.LOAD_SECONDS", 1.0),
        mock.patch.object(Rasa, "model", away),
    ):
        swap(
            Path(model), MODEL, settings.ENVIRONMENT.rasa, lambda: loaded.append(model),
            lambda _, part: said.append(f"{part} {routed()}") if part else None,
        )  # fmt: skip
    print(*said, routed(), sep="\n")


def audited() -> None:
    """Prints who did what of this."""
    for entry in AuditEntry.objects.filter(action__regex="^(proposal|training)"):
        print(entry.action, entry.actor or "-", sorted(entry.detail))


def _try(step: object) -> None:
    assert callable(step)
    try:
        step()
    except RefusedError as error:
        print(error)
    else:
        print("done")
