"""A ticket goes to one person, who speaks in the bot's place until it is closed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from core.clinic_hours import TOKYO, ClinicHours
from desk.tickets.clocks import acknowledge_by
from tests.desk.browsing import Browser
from tests.desk.conftest import OpenDesk
from tests.desk.fakes import CUSTOM, FakeRasa, MailServer
from tests.desk.running import EMERGENCY, Desk, wait_for

pytestmark = pytest.mark.slow


@dataclass
class Case:
    """A patient at a desk, and staff who answer."""

    desk: Desk
    rasa: FakeRasa
    patient: str

    def post(self, event: str, text: str) -> list[dict[str, Any]]:
        """The patient writes; the transcript when nothing waits any more."""
        self.desk.post(self.patient, f"{self.patient}-{event}", text)
        return self.entries()

    def hands_over(self) -> None:
        """The patient asks for a person."""
        custom = {**CUSTOM, "status": "handoff", "escalate": True, "reason": "requested"}
        self.rasa.behaviour = lambda: (200, [{"text": "おつなぎします。"}, {"custom": custom}])
        self.post("1", "スタッフに相談する")

    def entries(self) -> list[dict[str, Any]]:
        return self.desk.answered(self.patient)

    def last(self) -> tuple[str, str]:
        """Who spoke last, and what."""
        entry = self.entries()[-1]
        return entry["author"], entry["text"]

    def states(self) -> list[str]:
        """How far the patient's messages have come."""
        return [entry["state"] for entry in self.entries() if entry["author"] == "patient"]

    def mode(self) -> str:
        return str(self.desk.transcript(self.patient)["mode"])

    def does(self, step: str, name: str, *arguments: object) -> str:
        """What comes of a step of a staff member."""
        return self.desk.scene(f"do{(step, name, *arguments)!r}")

    def ticket(self) -> str:
        """The newest ticket: state, level, reason and number of messages."""
        return self.desk.scene("show()")


@pytest.fixture
def case(open_desk: OpenDesk) -> Case:
    """A new patient at the desk that all tests share."""
    open_desk.rasa.behaviour = None
    open_desk.rasa.asked.clear()
    return Case(open_desk.desk, open_desk.rasa, f"p{uuid.uuid4().hex}")


@pytest.fixture
def own_case(desk: Desk, rasa: FakeRasa) -> Case:
    """A patient at a desk of one's own, which is not started yet."""
    return Case(desk, rasa, "p")


def test_of_eight_people_who_claim_at_once_one_gets_the_ticket(case: Case) -> None:
    case.hands_over()
    assert case.desk.scene("claim_at_once(8)") == " ".join(["done"] + ["taken"] * 7)
    assert case.ticket() == "claimed info requested 1"


def test_patient_and_nurse_write_to_each_other(case: Case) -> None:
    case.hands_over()
    assert case.does("reply", "nurse", "まだ引き受けていません。") == "not_held"
    assert case.does("claim", "nurse") == "done"
    entry = case.entries()[-1]
    assert entry["text"].startswith("スタッフが内容を読んでいます。")
    assert entry["buttons"] == [{"title": "自動応答に戻す", "payload": "bot:"}]
    assert case.states() == ["received"]
    case.desk.scene("read_it()")
    assert case.states() == ["read"]
    # One form sent eight times at once is one reply.
    assert case.desk.scene("reply_at_once(8)") == " ".join(["done"] * 8)
    entries = case.entries()
    assert [e["author"] for e in entries] == ["patient", "bot", "desk", "staff"]
    assert case.states() == ["answered"]
    assert case.ticket() == "answered info requested 1"
    # The bot is silent; the patient is told once that it has arrived.
    case.post("2", "ありがとうございます")
    entries = case.post("3", "もう一つあります")
    assert [e["author"] for e in entries[4:]] == ["patient", "desk", "patient"]
    assert entries[5]["text"].startswith("スタッフに届きました。")
    assert case.states() == ["answered", "received", "received"]
    assert len(case.rasa.asked) == 1
    assert case.ticket() == "reopened info requested 3"
    # A reply to what was not seen, an empty and an endless one are not sent.
    assert case.does("reply", "nurse", "一つ目だけ見ました。", "", 5) == "not_seen"
    assert case.does("reply", "nurse", " \n ") == "empty"
    assert case.does("reply", "nurse", "あ" * 2001) == "too_long"
    assert case.does("reply", "nurse2", "担当ではありません。") == "not_held"
    assert case.does("take_over", "nurse2", "nurse") == "done"
    assert case.does("take_over", "nurse3", "nurse") == "taken"
    assert case.does("note", "nurse3", "折り返し済みとのこと") == "done"
    assert case.does("reply", "nurse2", "どうぞ。") == "done"
    assert case.last() == ("staff", "どうぞ。")
    assert "折り返し" not in str(case.entries())


def test_an_emergency_is_answered_while_a_person_holds_the_conversation(case: Case) -> None:
    case.hands_over()
    case.does("claim", "reception")
    case.post("3", EMERGENCY)
    assert "119" in case.last()[1]
    assert case.ticket() == "claimed emergency requested 2"
    # Only who may judge it says that it is over.
    assert case.does("close", "reception") == "clinical"
    assert case.does("take_over", "nurse", "reception") == "done"
    assert case.does("close", "nurse") == "done"
    assert case.ticket() == ""


def test_a_ticket_for_the_doctors_is_claimed_by_a_doctor(case: Case) -> None:
    case.hands_over()
    case.does("claim", "reception")
    assert case.does("hand_to_doctor", "nurse") == "not_held"
    assert case.does("hand_to_doctor", "reception") == "done"
    assert case.last()[1].startswith("医師に確認しています。")
    assert case.does("claim", "nurse") == "for_doctor"
    assert case.does("claim", "doctor") == "done"
    assert case.does("reply", "doctor", "医師からのお返事です。") == "done"
    assert case.last() == ("doctor", "医師からのお返事です。")
    assert case.mode() == "human"


def test_patient_can_ask_for_the_bot_back(case: Case) -> None:
    case.hands_over()
    case.does("claim", "nurse")
    case.post("2", "bot:")
    assert case.last()[0] == "desk"
    assert case.mode() == "bot"
    case.rasa.behaviour = None
    case.post("3", "お酒は飲めますか")
    assert case.last() == ("bot", "答え:お酒は飲めますか")


def test_what_comes_just_after_the_end_reaches_the_person(case: Case) -> None:
    case.hands_over()
    case.does("claim", "nurse")
    assert case.does("close", "nurse2") == "not_held"
    assert case.does("close", "nurse") == "done"
    assert case.does("close", "nurse") == "taken"
    assert "10分以内" in case.last()[1]
    assert case.mode() == "closing"
    case.post("2", "あと一つだけ")
    assert case.last()[1].startswith("スタッフに届きました。")
    assert case.ticket() == "reopened info requested 2"
    assert case.does("reply", "nurse", "はい。") == "done"


def test_bot_returns_after_the_end_and_says_so(case: Case) -> None:
    case.hands_over()
    case.does("claim", "nurse")
    case.does("close", "nurse")
    case.desk.scene("passes(minutes=11)")
    wait_for(lambda: case.mode() == "bot")
    assert case.last()[1].startswith("ここからは自動応答が")
    case.rasa.behaviour = None
    case.post("2", "お酒は飲めますか")
    assert case.last() == ("bot", "答え:お酒は飲めますか")
    assert case.ticket() == ""


def test_bot_returns_when_nobody_answers_and_the_ticket_waits_again(case: Case) -> None:
    case.hands_over()
    case.does("claim", "nurse")
    case.desk.scene("passes(minutes=121)")
    wait_for(lambda: case.mode() == "bot")
    assert case.last()[1].startswith("スタッフのお返事が遅れて")
    assert case.ticket().startswith("new info requested")


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


def test_unclaimed_tickets_rise_from_person_to_person(
    own_case: Case, mail_server: MailServer
) -> None:
    own_case.desk.settings |= {
        "DESK_MAIL": mail_server.url,
        "DESK_URL": "https://own_case.desk.example",
    }
    for name in ("reception", "nurse", "doctor", "administrator"):
        own_case.desk.scene(f"person({name!r})")
    own_case.desk.start()
    own_case.hands_over()

    def told(count: int) -> list[str]:
        wait_for(lambda: len(mail_server.mails) >= count)
        assert len(mail_server.mails) == count
        return sorted(
            person.partition("@")[0] for people, _ in mail_server.mails for person in people
        )

    assert told(2) == ["nurse", "reception"]
    own_case.desk.scene("overdue()")
    assert told(3) == ["doctor", "nurse", "reception"]
    own_case.desk.scene("overdue()")
    assert told(4) == ["administrator", "doctor", "nurse", "reception"]
    own_case.desk.scene("overdue()")
    # Everybody, to telephone; and the patient is told.
    assert len(told(8)) == 8
    assert own_case.last()[1].startswith("スタッフがまだ確認できて")
    texts = [text for _, text in mail_server.mails]
    assert "新しい対応があります" in texts[0]
    assert "患者さんへ電話してください" in texts[-1]
    assert all("https://own_case.desk.example/staff/conversations/" in text for text in texts)
    # An emergency is everybody's at once; no mail has a patient's words.
    own_case.desk.post("q", "q", EMERGENCY)
    assert len(told(12)) == 12
    assert not any("唇" in text or "相談する" in text for _, text in mail_server.mails)


def test_the_queue_says_which_roles_no_mail_reaches(
    own_case: Case, mail_server: MailServer
) -> None:
    own_case.desk.settings["DESK_MAIL"] = mail_server.url
    own_case.desk.scene("person('doctor')")
    own_case.desk.start()
    with Browser(own_case.desk) as nurse:
        nurse.log_in("nurse")
        assert "受け取れる人がいません：受付、管理者。" in nurse.open("/staff/").text


def test_a_mail_server_that_is_down_loses_no_mail(own_case: Case, mail_server: MailServer) -> None:
    own_case.desk.settings["DESK_MAIL"] = "smtp://127.0.0.1:1"
    own_case.desk.scene("person('nurse')")
    own_case.desk.start()
    own_case.hands_over()
    wait_for(lambda: own_case.desk.scene("mails()") == "1 1")
    own_case.desk.kill()
    own_case.desk.settings["DESK_MAIL"] = mail_server.url
    own_case.desk.scene("mails_are_due()")
    own_case.desk.start()
    wait_for(lambda: [people for people, _ in mail_server.mails] == [["nurse@test.example"]])


def test_a_reply_that_does_not_arrive_is_a_telephone_call(case: Case, open_desk: OpenDesk) -> None:
    open_desk.front_end.gone.add(case.patient)
    case.post("1", "お酒は飲めますか")
    wait_for(lambda: case.ticket() == "undelivered info undelivered 0")
    open_desk.front_end.gone.clear()
    assert case.does("claim", "nurse") == "done"
    assert case.does("reply", "nurse", "お電話しました。") == "done"
    wait_for(lambda: "お電話しました。" in open_desk.front_end.texts(case.patient))


def test_consultations_are_booked_once_and_within_the_hours(case: Case) -> None:
    case.hands_over()
    others = [Case(case.desk, case.rasa, f"{case.patient}-{n}") for n in range(3)]
    for other in others:
        other.post("1", "スタッフに相談する")
    day = case.desk.scene("next_open_day()")
    at_once = case.desk.scene(f"book_at_once({day!r}, '10:15', 4)")
    assert at_once == "done slot_taken slot_taken slot_taken"
    assert case.desk.scene(f"book({day!r}, '03:00')") == "not_open"
    assert case.desk.scene(f"book({day!r}, '10:20')") == "not_a_slot"
    assert case.desk.scene("book('2020-01-06', '10:15')") == "past"
    assert case.desk.scene(f"book({day!r}, '10:30', 'nurse2')") == "not_a_doctor"
    assert case.desk.scene(f"book({day!r}, '10:30')") == "done"
    assert case.desk.scene(f"book({day!r}, '10:30', 'doctor2')") == "booked_already"
    assert "ご予約をお取りしました" in others[-1].last()[1]
    assert case.desk.scene("cancel_it()").split() == ["done", "no_booking"]
    assert "取り消し" in others[-1].last()[1]
    assert case.desk.scene(f"book({day!r}, '10:30')") == "done"


@pytest.mark.parametrize(
    ("level", "opened", "due"),
    [
        ("emergency", "2026-11-28T23:00", "2026-11-28T23:05"),
        ("same_day", "2026-11-28T23:00", "2026-11-28T23:30"),
        ("consult", "2026-11-27T10:00", "2026-11-27T14:00"),
        # Friday afternoon, two hours before the end: two hours on Monday.
        ("consult", "2026-11-27T16:00", "2026-11-30T12:00"),
        ("info", "2026-11-28T12:00", "2026-11-30T18:00"),
    ],
)
def test_clocks_run_while_the_clinic_is_open(level: str, opened: str, due: str) -> None:
    hours = ClinicHours.from_yaml(
        b"opening: {mon: [['10:00', '18:00']], tue: [['10:00', '18:00']], fri: [['10:00', '18:00']]}\n"
        b"closed_on_public_holidays: true\nclosed_dates: []\n"
    )
    start, end = (dt.datetime.fromisoformat(t).replace(tzinfo=TOKYO) for t in (opened, due))
    assert acknowledge_by(level, start, hours) == end


def test_audit_log_cannot_be_rewritten(case: Case) -> None:
    case.post("1", "お酒は飲めますか")
    assert case.desk.scene("rewrite_the_audit_log()") == "True True True"


def test_too_many_messages_are_told_so_and_still_screened(own_case: Case) -> None:
    own_case.desk.settings["DESK_TURNS_A_MINUTE"] = "2"
    own_case.desk.start()
    for i in range(3):
        own_case.post(str(i), f"質問{i}")
    assert "自動応答を一分ほどお休みします" in own_case.entries()[-1]["text"]
    assert len(own_case.rasa.asked) == 2
    own_case.post("9", EMERGENCY)
    assert "119" in own_case.entries()[-1]["text"]
    assert len(own_case.rasa.asked) == 2
