"""Rehearsals, gates and replays at a desk with the small drug; what they come to is printed as JSON.

Called through ``tests.desk.scenes``, on the desk's database.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import itertools
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings

from core.knowledge import ANSWER_COLUMNS, Files, Switches
from desk.conversations.equipment import equipment
from desk.conversations.models import Author, Conversation, Message, Reply
from desk.conversations.rasa import turns
from desk.rehearsals import gate, keeping, runs
from desk.rehearsals.book import Book, Entry
from desk.rehearsals.models import Group, Rehearsal, Run, RunState
from desk.rehearsals.runner import run_next
from desk.rehearsals.script import read
from desk.rehearsals.shadow import queue_shadow
from tests.desk.scenes import now, person

#: Cells that change, by answer id.
Cells = dict[str, dict[str, str]]


def table(cells: Cells, **switches: Any) -> Files:
    """The table in force with some cells changed, and something stopped."""
    files = Files.read(settings.ENVIRONMENT.data / "knowledge")
    rows = list(csv.DictReader(io.StringIO(files.contents["answers.csv"].decode(), newline="")))
    for row in rows:
        row.update(cells.get(row["answer_id"], {}))
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, ANSWER_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    stopped = Switches(**switches).to_yaml()
    answers = written.getvalue().encode()
    return Files({**files.contents, "answers.csv": answers, "switches.yml": stopped})


def written(text: str, group: str = "急ぐ症状", active: bool = True) -> None:
    """A nurse has written these rehearsals."""
    of, _ = Group.objects.get_or_create(name=group)
    for script in read(text):
        Rehearsal.objects.create(
            name=script.title, group=of, script=script.to_json(), author=person("nurse1"),
            created_at=now(), changed_at=now(), active=active,
        )  # fmt: skip


def rehearse(cells: Cells | None = None) -> None:
    """A nurse runs all rehearsals, with the table in force or a changed one; prints what came of it."""
    files = None if cells is None else table(cells)
    run = runs.queue_rehearsals(Rehearsal.objects.all(), person("nurse1"), now(), files)
    run_next(equipment(), now)
    tell(run)


def rehearse_beside_a_patient() -> None:
    """All rehearsals are run again, read already, while Rasa takes a patient's turn; prints the seconds."""
    for context in (contextlib.nullcontext(), turns.entered()):
        runs.queue_rehearsals(Rehearsal.objects.all(), person("nurse1"), now())
        begin = time.monotonic()
        with context:
            run_next(equipment(), now)
    print(time.monotonic() - begin)


def queue() -> None:
    """A nurse has all rehearsals run; prints the run's number."""
    print(runs.queue_rehearsals(Rehearsal.objects.all(), person("nurse1"), now()).pk)


def rehearse_many(count: int) -> None:
    """As many rehearsals as that are queued, of the project's own conversations; prints the run's number."""
    folder = settings.ENVIRONMENT.gate / "conversations"
    scripts = [
        script for path in sorted(folder.glob("*.yml")) for script in read(path.read_text("utf-8"))
    ]
    of, _ = Group.objects.get_or_create(name="測定")
    chosen = [
        Rehearsal(
            name=f"{number} {script.title}"[:120], group=of, script=script.to_json(),
            author=person("nurse1"), created_at=now(), changed_at=now(), active=False,
        )
        for number, script in zip(range(count), itertools.cycle(scripts), strict=False)
    ]  # fmt: skip
    made = Rehearsal.objects.bulk_create(chosen)
    print(runs.queue_rehearsals(made, person("nurse1"), now()).pk)


def queue_gate_of_one_change() -> None:
    """The gate is to look at a table that says its first answer otherwise; prints the run's number."""
    key = next(iter(equipment().knowledge.answers))
    files = table({key: {"title": "測定のための見出し"}})
    print(gate.queue_gate(files, person("doctor1"), now()).pk)


def progress(pk: int) -> None:
    """Prints how far a run is."""
    print(json.dumps(Run.objects.filter(pk=pk).values("state", "done", "total").get()))


def go_through(cells: Cells, **switches: Any) -> None:
    """The gate looks at a changed table; prints what came of it."""
    run = gate.queue_gate(table(cells, **switches), person("doctor1"), now())
    run_next(equipment(), now)
    tell(run)


def go_through_model(url: str) -> None:
    """The gate looks at a model that another server has; prints what came of it."""
    run = gate.queue_gate(None, person("doctor1"), now(), parse_url=url)
    run_next(equipment(), now)
    tell(run)


def is_current(pk: int) -> None:
    """Prints whether what a run was compared with is still in force."""
    print(gate.is_current(Run.objects.get(pk=pk)))


def losing_two(url: str | None) -> None:
    """Prints the sets of which a candidate does markedly less, when it loses two questions of a hundred."""
    counts = {"total": 100, "passed": 97, "was_passed": 99}
    run = Run(options={"parse_url": url}, summary={"must_answer": counts})
    print(json.dumps(gate.losing(run)))


def replay(cells: Cells, most: int = 100) -> None:
    """The last messages are asked again; prints what came of it."""
    run = queue_shadow(table(cells), most, person("doctor1"), now())
    run_next(equipment(), now)
    tell(run)


def again(pk: int) -> None:
    """A run is queued again and gone through; prints what came of it."""
    run = runs.queue_again(Run.objects.get(pk=pk), person("nurse1"), now())
    run_next(equipment(), now)
    tell(run)


def tell(run: Run) -> None:
    """Prints a run and its results."""
    run.refresh_from_db()
    results = [
        {
            "set": result.set_name, "title": result.title, "passed": result.passed,
            "was_passed": result.was_passed, "blocked": result.blocked, "changed": result.changed,
            "alike": result.alike, "lines": result.lines, "message": result.message_id,
        }
        for result in run.results.all()
    ]  # fmt: skip
    print(json.dumps({
        "pk": run.pk, "state": run.state, "error": run.error, "done": run.done, "total": run.total,
        "summary": run.summary, "verdict": gate.verdict(run).value, "model": run.model,
        "base_model": run.base_model,
        "signed_off": gate.signed_off(run), "tries": run.tries, "results": results,
    }))  # fmt: skip


def told(pk: int) -> None:
    """Prints a run and its results."""
    tell(Run.objects.get(pk=pk))


def dropped(pk: int) -> None:
    """All rehearsals are removed with what came of their runs; prints a run after that."""
    for rehearsal in Rehearsal.objects.all():
        keeping.drop(rehearsal, "nurse1", now(), with_words=True)
    told(pk)


def sign(pk: int, name: str) -> None:
    """Somebody signs off every change of a run; prints how many, and whether that is all."""
    run = Run.objects.get(pk=pk)
    print(gate.sign_off(run.results.all(), person(name), now()), gate.signed_off(run))


def cancelled_while_it_runs() -> None:
    """A run is cancelled when it has begun, and its process goes on; prints what came of it."""
    _lost(lambda run: runs.cancel(run, person("nurse1"), now()))


def taken_by_another() -> None:
    """A process is silent for a minute; another takes its run, then the first goes on."""

    def other_takes(run: Run) -> None:
        later = now() + runs.SILENCE + dt.timedelta(seconds=1)
        assert runs.take(now()) is None, "it has not been silent for long"
        taken = runs.take(later)
        assert taken is not None and taken.pk == run.pk and taken.claim != run.claim

    _lost(other_takes)


def removed_while_it_runs() -> None:
    """A rehearsal is removed, and a message erased, when the run has played them; prints what came of it."""
    gone, stays, *_ = Rehearsal.objects.order_by("pk")
    runs.queue_rehearsals([gone, stays], person("nurse1"), now())
    run = runs.take(now())
    assert run is not None
    book = Book(run, now)
    book.begin(total=3)
    played = [Entry("rehearsals", r.name, (), True, None, rehearsal=r.pk) for r in (gone, stays)]
    book.enter([*played, Entry("shadow", "消された", (), True, None, message=10**6)], 3)
    keeping.remove(gone, person("nurse1"), now())
    book.close()
    runs.end(run, RunState.DONE, now())
    tell(run)


def _lost(happens: Callable[[Run], object]) -> None:
    queued = runs.queue_rehearsals(Rehearsal.objects.all(), person("nurse1"), now())
    run = runs.take(now())
    assert run is not None and run.pk == queued.pk
    book = Book(run, now)
    book.begin(total=7)
    happens(run)
    wrote = True
    with contextlib.suppress(runs.LostError):
        book.beat()
        wrote = False
    queued.refresh_from_db()
    print(queued.state, "lost" if wrote else "went on")


def silent_for_a_minute(pk: int) -> None:
    """Whoever was at a run has said nothing for a minute."""
    run = Run.objects.get(pk=pk)
    assert run.state == RunState.RUNNING and run.heartbeat is not None
    Run.objects.filter(pk=pk).update(heartbeat=run.heartbeat - runs.SILENCE)


def taken_too_often() -> None:
    """A run whose process dies of it each time; prints how it ends."""
    run = runs.queue_rehearsals(Rehearsal.objects.all(), person("nurse1"), now())
    for number in range(runs.MOST_TRIES + 1):
        runs.take(now() + (runs.SILENCE + dt.timedelta(seconds=1)) * number)
    tell(run)


def wrote(name: str, *messages: tuple[str, str]) -> None:
    """Messages of a patient that the bot has answered, each with the triage that its turn had."""
    of = Conversation.begun("api", name, now())
    for text, triage in messages:
        message = Message.objects.create(
            conversation=of, place=of.next_place(), channel="api", event_id=uuid.uuid4().hex,
            text=text, sent_at=now(), received_at=now(), answered_at=now(),
            turn={"status": "answered", "triage": triage},
        )  # fmt: skip
        Reply.objects.create(
            conversation=of, place=of.next_place(), answers=message, author=Author.BOT, text="答え",
            created_at=now(), due_at=now(),
        )  # fmt: skip
