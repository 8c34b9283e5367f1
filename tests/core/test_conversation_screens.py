"""Many conversations at once, each with its own open findings."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pytest

from core.clinic_hours import TOKYO, ClinicHours
from core.conversation_screens import ConversationScreens
from core.faults import DataError
from core.first_response import FirstResponses
from core.japanese import shared_tokenizer
from core.judge import Reading, Screening, State
from core.messages import Messages
from core.triage import Triage
from core.triage_source import TriageSource, triage_of
from tests.core.test_first_response import (
    AFTER,
    BETTER,
    CLINIC,
    FINDINGS,
    MOOD,
    RULES,
    TEXTS,
)
from tests.fixed_texts import telephones_yml

NOW = dt.datetime(2026, 11, 24, 11, 0, tzinfo=TOKYO)
HEAD = "今日中に00-0000-0000へ。\n13:00まで。00-0000-0000"
NIGHT = dt.datetime(2026, 11, 24, 22, 0, tzinfo=TOKYO)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with what the screen needs."""
    for name, content in {
        "knowledge/messages.yml": TEXTS,
        "knowledge/clinic.yml": CLINIC,
        "triage/telephones.yml": telephones_yml(),
        "triage/red_flags.yml": RULES,
        "triage/spellings.yml": "spellings: {}\n",
        "triage/findings/a.yml": FINDINGS,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def screens_of(data: Path, capacity: int = 100) -> ConversationScreens:
    messages = Messages(TEXTS.encode(), CLINIC.encode(), telephones_yml().encode())
    responses = FirstResponses(messages, ClinicHours.from_yaml(CLINIC.encode()))
    return ConversationScreens(
        TriageSource(data / "triage", shared_tokenizer(None)), responses, capacity
    )


def said(
    screens: ConversationScreens, conversation: str, text: str, now: dt.datetime = NOW
) -> tuple[str, ...]:
    """The texts that must be said; () for none."""
    response = screens.screen(conversation, text, now)
    return response.texts if response else ()


@pytest.mark.parametrize(
    "turns",
    [
        # An emergency stays open.
        [("死にたい", (MOOD,)), ("お酒は飲めますか", (AFTER, MOOD)), ("何でもないです", (BETTER, MOOD)),
         ("熱があります", (AFTER, MOOD))],
        # A same_day finding is said once; what is said later may join it.
        [("頭痛がします", (HEAD,)), ("お酒は飲めますか", ()),
         ("目も見えない", ("119番へ。\n00-0000-0000にも伝えます。",)), ("唇が乾く", (AFTER,))],
        # Nothing urgent.
        [("こんにちは", ()), ("唇が乾く", ()), ("頭痛はありません", ()), ("", ())],
    ],
)  # fmt: skip
def test_conversation_reads_as_its_turns(
    data: Path, turns: list[tuple[str, tuple[str, ...]]]
) -> None:
    screens = screens_of(data)
    assert [(text, said(screens, "a", text)) for text, _ in turns] == turns


def test_conversations_are_kept_apart(data: Path) -> None:
    screens = screens_of(data)
    assert said(screens, "a", "死にたい") == (MOOD,)
    assert said(screens, "b", "お酒は飲めますか") == ()
    assert said(screens, "b", "目が見えない") == ()
    assert said(screens, "a", "頭痛がします") == (AFTER, MOOD)
    assert said(screens, "b", "頭痛がします") != (AFTER, MOOD)


def test_clinics_hours_are_those_of_the_moment(data: Path) -> None:
    screens = screens_of(data)
    assert said(screens, "a", "頭痛がします") == (HEAD,)
    (night,) = said(screens, "b", "頭痛がします", NIGHT)
    assert night.endswith("次は11月25日（水）10:00。#7119か119番。")


def test_of_too_many_conversations_the_longest_silent_are_forgotten(data: Path) -> None:
    screens = screens_of(data, capacity=2)
    said(screens, "a", "目が見えない")
    said(screens, "b", "目が見えない")
    said(screens, "a", "こんにちは")
    said(screens, "c", "こんにちは")
    # With a's eyes the headache is an emergency, without b's it is none.
    assert said(screens, "a", "頭痛がします") != (HEAD,)
    assert said(screens, "b", "頭痛がします") == (HEAD,)


def test_of_open_emergencies_alone_the_longest_silent_are_forgotten(data: Path) -> None:
    screens = screens_of(data, capacity=2)
    for name in "abac":
        said(screens, name, "死にたい")
    assert said(screens, "a", "お酒は飲めますか") == (AFTER, MOOD)
    assert said(screens, "b", "お酒は飲めますか") == ()


def test_open_emergency_is_not_pushed_out_by_calm_conversations(data: Path) -> None:
    screens = screens_of(data, capacity=3)
    said(screens, "a", "死にたい")
    for number in range(10):
        said(screens, f"calm-{number}", "こんにちは")
    assert said(screens, "a", "お酒は飲めますか") == (AFTER, MOOD)


def test_changed_rules_judge_the_open_conversation(data: Path) -> None:
    source = TriageSource(data / "triage", shared_tokenizer(None))
    messages = Messages(TEXTS.encode(), CLINIC.encode(), telephones_yml().encode())
    hours = ClinicHours.from_yaml(CLINIC.encode())
    screens = ConversationScreens(source, FirstResponses(messages, hours))
    assert said(screens, "a", "死にたい") == (MOOD,)
    gone = RULES.replace("id: mood", "id: feeling")
    (data / "triage" / "red_flags.yml").write_text(gone, encoding="utf-8")
    assert source.refresh()
    assert said(screens, "a", "お酒は飲めますか") == (AFTER,)


def test_many_threads_lose_no_emergency(data: Path) -> None:
    screens = screens_of(data)
    answers: dict[str, tuple[str, ...]] = {}

    def talk(name: str) -> None:
        said(screens, name, "死にたい")
        answers[name] = said(screens, name, "お酒は飲めますか")

    threads = [threading.Thread(target=talk, args=(str(n),)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers.values()) == {(AFTER, MOOD)}
    assert len(answers) == 20


def test_calm_message_read_at_the_same_time_does_not_undo_an_emergency(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens = screens_of(data)
    judge = Triage.judge
    reading, may_go_on = threading.Event(), threading.Event()

    def slow(triage: Triage, read: Reading, state: State | None = None) -> Screening:
        screening = judge(triage, read, state)
        if not read.mentions:
            reading.set()
            may_go_on.wait(0.5)
        return screening

    monkeypatch.setattr(Triage, "judge", slow)
    calm = threading.Thread(target=said, args=(screens, "a", "こんにちは"))
    calm.start()
    assert reading.wait(60)
    urgent = threading.Thread(target=said, args=(screens, "a", "死にたい"))
    urgent.start()
    urgent.join(0.2)
    may_go_on.set()
    calm.join()
    urgent.join()
    assert said(screens, "a", "お酒は飲めますか") == (AFTER, MOOD)


def test_data_folder_is_loaded(data: Path) -> None:
    try:
        assert said(ConversationScreens.load(data), "a", "死にたい") == (MOOD,)
    finally:
        triage_of.cache_clear()


def test_rules_whose_texts_cannot_be_said_are_refused(data: Path) -> None:
    broken = RULES.replace("今日中に{phone}へ。", "今日中に{fax}へ。")
    (data / "triage" / "red_flags.yml").write_text(broken, encoding="utf-8")
    try:
        with pytest.raises(DataError, match=r"head same_day列: 「\{fax\}」は clinic.yml にも"):
            ConversationScreens.load(data)
    finally:
        triage_of.cache_clear()
