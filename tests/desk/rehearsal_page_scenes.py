"""What the pages of rehearsals find in the database, and what they left there."""

from __future__ import annotations

import json
import uuid
from typing import Any

from desk.audit.models import AuditEntry
from desk.conversations.equipment import equipment
from desk.conversations.models import Author, Conversation, Message, Reply
from desk.rehearsals import keeping
from desk.rehearsals.models import Group, Rehearsal, Result, Run, RunKind, RunState
from desk.rehearsals.runner import run_next
from desk.rehearsals.script import Script
from tests.desk.scenes import now, person


def written(group: str, scripts: list[dict[str, Any]]) -> None:
    """Rehearsals of a nurse; prints their primary keys."""
    keys = [
        keeping.create(Script.from_json(script), group, person("nurse7"), now()).pk
        for script in scripts
    ]
    print(json.dumps(keys))


def kept(pk: int) -> None:
    """Prints a rehearsal as its file would say it, with its group and origin."""
    found = Rehearsal.objects.get(pk=pk)
    print(json.dumps([found.group.name, found.script, found.origin], ensure_ascii=False))


def count() -> None:
    """Prints how many rehearsals and groups there are."""
    print(Rehearsal.objects.count(), Group.objects.count())


def run_all() -> None:
    """Goes through all runs that wait, as the desk does in the background."""
    while run_next(equipment(), now):
        pass


def waiting_run(total: int, done: int) -> None:
    """A run that somebody else is at; prints its primary key."""
    run = Run.objects.create(
        kind=RunKind.REHEARSAL, state=RunState.RUNNING, by=person("nurse7"), queued_at=now(),
        started_at=now(), heartbeat=now(), claim=uuid.uuid4(), total=total, done=done,
    )  # fmt: skip
    print(run.pk)


def ended_run(kind: str, **values: Any) -> None:
    """A run that is over, with one result of each kind of change; prints its primary key."""
    run = Run.objects.create(
        kind=kind, state=RunState.DONE, by=person("doctor7"), queued_at=now(), started_at=now(),
        finished_at=now(), total=2, done=2, base_version="a1", table_version="b2",
        summary={"must_answer": {"total": 2, "passed": 1, "was_passed": 2, "blocked": 1,
                                 "changed": 2}},
        **values,
    )  # fmt: skip
    for number, blocked in enumerate((True, False)):
        said = {"texts": [f"新しい文{number}です"], "buttons": [], "answers": ["TS-ALC-GEN-01"],
                "triage": "info", "escalate": False, "status": "answered", "reason": None,
                "rule": None}  # fmt: skip
        differences = [{"field": "緊急度", "wanted": "consult", "got": "info", "text": "x"}]
        Result.objects.create(
            run=run, set_name="must_answer", title=f"お酒の質問{number}", passed=not blocked,
            was_passed=True, blocked=blocked, changed=True,
            lines=[{
                "patient": "お酒は飲めますか", "said": said,
                "before": {**said, "texts": [f"前の文{number}です"], "triage": "consult"},
                "expected": {"緊急度": "consult"}, "differences": differences if blocked else [],
                "passed": not blocked, "was_passed": True, "changed": True, "blocked": blocked,
            }],
        )  # fmt: skip
    print(run.pk)


def model_failed(rehearsal: int, kind: str) -> None:
    """A rehearsal failed with a candidate model that was rejected; prints the run's primary key."""
    run = Run.objects.create(
        kind=kind, state=RunState.DONE, by=person("doctor7"), queued_at=now(), started_at=now(),
        finished_at=now(), total=1, done=1, options={"parse_url": "http://127.0.0.1:1"},
    )  # fmt: skip
    Result.objects.create(
        run=run, rehearsal_id=rehearsal, set_name="rehearsals", title="お酒", passed=False, lines=[]
    )
    print(run.pk)


def conversation() -> None:
    """A patient who told who she is, was answered, and pressed a button; prints the opaque name."""
    whose = Conversation.begun("api", uuid.uuid4().hex, now())
    said = {
        "status": "answered", "triage": "info", "rule": None, "escalate": False, "reason": None,
        "answers": [{"answer_id": "TS-ALC-GEN-01", "topic": "alcohol", "subject": "general",
                     "version": 1}],
    }  # fmt: skip
    first = _message(
        whose, "佐藤花子と申します。０９０－１２３４－５６７８です。お酒は飲めますか", said
    )
    Reply.objects.create(
        conversation=whose, place=whose.next_place(), answers=first, author=Author.BOT,
        text="お酒は控えてください", buttons=[["詳しく", "detail:TS-ALC-GEN-01"]],
        created_at=now(), due_at=now(),
    )  # fmt: skip
    _message(whose, "detail:TS-ALC-GEN-01", said)
    _message(whose, "鈴木先生はいますか", {})
    print(whose.sender)


def long_conversation(count: int, letters: int) -> None:
    """A patient who writes much; prints the opaque name."""
    whose = Conversation.begun("api", uuid.uuid4().hex, now())
    for number in range(count):
        _message(whose, f"{number}番目{'あ' * letters}", {})
    print(whose.sender)


def _message(whose: Conversation, text: str, turn: dict[str, Any]) -> Message:
    return Message.objects.create(
        conversation=whose, place=whose.next_place(), channel="api", event_id=uuid.uuid4().hex,
        text=text, sent_at=now(), received_at=now(), answered_at=now(), turn=turn,
    )  # fmt: skip


def audited(action: str) -> None:
    """Prints the entries of an action: who, which conversation, what."""
    entries = AuditEntry.objects.filter(action=action).order_by("id")
    print(json.dumps([[e.actor, e.conversation, e.detail] for e in entries], ensure_ascii=False))


def audit_log() -> None:
    """Prints the details of all entries."""
    print(json.dumps([entry.detail for entry in AuditEntry.objects.all()], ensure_ascii=False))
