"""Goes through a run's cases in the background, a few at a time, and says how far it is.

One of the desk's chores (``desk.start``): patients' messages come first (``desk.rehearsals.parser``), and
a process that is killed at it leaves the run to another (``desk.rehearsals.runs``).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.pool import ThreadPool

from django.conf import settings

from core.clinic_hours import TOKYO
from core.faults import DataError
from core.knowledge import Switches
from core.knowledge_source import Table, load_table
from core.locale import sentence
from core.terms import load_terms
from desk.conversations.equipment import Equipment
from desk.conversations.rasa import RasaError, turns
from desk.doorway import doorway
from desk.rehearsals import runs, sets
from desk.rehearsals.bench import Bench
from desk.rehearsals.book import Book, Entry
from desk.rehearsals.gate import version_in_force
from desk.rehearsals.models import Rehearsal, Run, RunKind, RunState
from desk.rehearsals.parser import AT_ONCE, Parser, usual_parser
from desk.rehearsals.play import Case, play
from desk.rehearsals.script import ScriptError
from desk.rehearsals.shadow import Asked, last_asked, replay

logger = logging.getLogger(__name__)

#: Seconds a text may take; other texts and patients are before it.
PARSE_SECONDS = 15.0
#: Seconds between two looks at whether the run still goes on.
BEAT_SECONDS = 1.0
REHEARSALS, SHADOW = "rehearsals", "shadow"

Clock = Callable[[], dt.datetime]


class RunError(Exception):
    """A run that cannot go on; the message is a sentence for staff."""


@dataclass(frozen=True)
class Work:
    """Something that is played as a whole.

    Attributes:
        size: cases that it counts for.
        play: plays it, in any thread.
    """

    size: int
    play: Callable[[], list[Entry]]


def run_next(tools: Equipment, clock: Clock) -> bool:
    """Takes the run that has waited longest and goes through it.

    Args:
        tools: the table in force and the rules.
        clock: the time, aware, in Tokyo.

    Returns:
        Whether there was one.
    """
    run = runs.take(clock())
    if run is None:
        return False
    with contextlib.suppress(runs.LostError):
        try:
            _go_through(run, tools, clock)
        except RasaError as error:
            logger.warning("a run without Rasa: %s", error)
            runs.end(run, RunState.FAILED, clock(), sentence("runs.no_rasa", detail=error))
        except (DataError, ScriptError) as error:
            runs.end(run, RunState.FAILED, clock(), sentence("runs.broken_table", detail=error))
        except (RunError, sets.SetsError) as error:
            runs.end(run, RunState.FAILED, clock(), str(error))
        except runs.LostError:
            raise
        except Exception:
            logger.exception("a run failed")
            runs.end(run, RunState.FAILED, clock(), sentence("runs.unexpected"))
    return True


def _go_through(run: Run, tools: Equipment, clock: Clock) -> None:
    """All of a run, from its cases to its end."""
    with contextlib.ExitStack() as at_end:
        live = at_end.enter_context(usual_parser(PARSE_SECONDS))
        url = run.options.get("parse_url")
        parser = at_end.enter_context(Parser(url, PARSE_SECONDS)) if url else live
        version = version_in_force()  # before the table: a newer one makes the run stale, not wrong
        tools.table.refresh()  # what was published a second ago is in force already
        in_force = _as_if_running(tools.table.table)
        candidate = _candidate(run, in_force, clock())
        compared = candidate is not in_force or parser is not live or run.kind != RunKind.REHEARSAL
        bench = _bench(candidate, parser, tools, clock())
        base = _bench(in_force, live, tools, clock()) if compared else None
        work = list(_work(run, in_force, bench, base))
        book = Book(run, clock)
        book.begin(
            total=sum(part.size for part in work), model=parser.model,
            table_version=candidate.knowledge.version,
            base_version=version if compared else "", base_model=live.model if compared else "",
        )  # fmt: skip
        for part, entries in _played(work, book):
            book.enter(entries, part.size)
        for used in {live, parser}:
            if used.model_now() != used.model:
                raise RunError(sentence("runs.model_changed"))
        book.close()
    runs.end(run, RunState.DONE, clock())


def _played(work: Sequence[Work], book: Book) -> Iterator[tuple[Work, list[Entry]]]:
    """Plays all of it, a few parts at a time; in order."""
    # Threads that do not keep a process from ending, unlike those of an executor.
    with ThreadPool(AT_ONCE) as pool:
        entries = pool.imap(lambda part: part.play(), work)
        for part in work:
            while True:
                try:
                    played = entries.next(BEAT_SECONDS)
                except multiprocessing.TimeoutError:
                    book.beat()
                    continue
                break
            yield part, played


def _work(run: Run, table: Table, bench: Bench, base: Bench | None) -> Iterator[Work]:
    if run.kind == RunKind.SHADOW:
        assert base is not None, "a replay is compared"
        for sender, asked in last_asked(run.options["most"]):
            yield Work(len(asked), _replaying(sender, asked, bench, base))
        return
    cases = list(_rehearsals(run))
    if run.kind == RunKind.GATE:
        topics = {topic.topic_id for topic in table.knowledge.topics.values() if topic.patient}
        cases = [*sets.cases(settings.ENVIRONMENT.gate, topics), *cases]
    if not cases:
        raise RunError(sentence("runs.no_cases"))
    for case in cases:
        yield Work(1, _playing(case, bench, base))


def _rehearsals(run: Run) -> Iterator[Case]:
    chosen = Rehearsal.objects.filter(active=True)
    if run.kind == RunKind.REHEARSAL:
        chosen = Rehearsal.objects.filter(pk__in=run.options["rehearsals"])
    for rehearsal in chosen.order_by("group__name", "name"):
        case = Case.of(rehearsal.written, REHEARSALS, rehearsal.pk)
        yield replace(case, title=rehearsal.name)


def _playing(case: Case, bench: Bench, base: Bench | None) -> Callable[[], list[Entry]]:
    def played() -> list[Entry]:
        _give_way()
        return [Entry.of(play(case, bench, base))]

    return played


def _replaying(
    sender: str, asked: Sequence[Asked], bench: Bench, base: Bench
) -> Callable[[], list[Entry]]:
    def replayed() -> list[Entry]:
        _give_way()
        lines = replay(asked, bench, base)
        return [
            Entry(SHADOW, sender, (line,), True, True, message=message.pk)
            for message, line in zip(asked, lines, strict=True)
        ]

    return replayed


def _give_way() -> None:
    """Waits while patients are served: what was parsed before takes no turn at Rasa where it would wait."""
    doorway.give_way()
    turns.give_way()


def _bench(table: Table, parser: Parser, tools: Equipment, now: dt.datetime) -> Bench:
    strict = settings.ENVIRONMENT.require_approval
    return Bench(table, parser.parse, tools.triage, now.astimezone(TOKYO), strict)


def _candidate(run: Run, in_force: Table, now: dt.datetime) -> Table:
    """The table to run with, checked."""
    files = run.files
    if files is None:
        return in_force
    lexicon = settings.ENVIRONMENT.data / "lexicon" / "terms.csv"
    subjects = [term.term_id for term in load_terms(lexicon)]
    return _as_if_running(load_table(files, subjects, now.astimezone(TOKYO).date()))


def _as_if_running(table: Table) -> Table:
    """A table with nothing stopped: what is stopped today is answered again one day, and must have been
    looked at by then.
    """
    knowledge = table.knowledge
    switches = Switches(expired=knowledge.switches.expired)
    return replace(table, knowledge=replace(knowledge, switches=switches))
