"""From a nurse's draft to the patient's screen, with the real bot, the real desk and a real browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.desk.browsing import Browser
from tests.desk.chatting import Chat
from tests.desk.console import DESKTOP, PHONE, keep, log_in, opened
from tests.desk.running import CACHE, ROOT, TOKEN, Desk
from tools.places import free_ports
from tools.run import running_bot

pytestmark = pytest.mark.slow

ANSWER, QUESTION = "SE-LIP-01", "唇が乾燥します"
NEW = (
    "唇の乾きはよくある症状です。ワセリンなどの保湿剤を、乾く前にこまめに塗ってください。"
    "切れて痛むときは{phone}へ。唇やのどが腫れて息苦しいときは119番です。"
)
SHOWN = "乾く前にこまめに塗ってください"
#: A change is with the patients after at most this many seconds.
WITHIN = 60.0


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Desk]:
    """Bot and desk as `make run` starts them, the table in the desk's database."""
    folder = tmp_path_factory.mktemp("clinic")
    rasa, actions, port = free_ports(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASA_PORT", str(rasa))
        patch.setenv("ACTIONS_PORT", str(actions))
        patch.setenv("KNOWLEDGE_URL", f"http://127.0.0.1:{port}/api/knowledge")
        patch.setenv("KNOWLEDGE_TOKEN", TOKEN)
        patch.setenv("KNOWLEDGE_COPY", str(folder / "knowledge.json"))
        database = f"sqlite:///{shutil.copy(migrated_file, folder)}"
        settings = {**CACHE, "DESK_DATA": str(ROOT / "data"), "DESK_RASA_SECONDS": "20"}
        desk = Desk(database, folder, f"http://127.0.0.1:{rasa}", settings=settings)
        desk.manage("import_knowledge", "--first")
        with running_bot(folder / "bot.log"):
            desk.start(port=port)
            yield desk
            desk.close()


def asks(chromium: Chromium, desk: Desk) -> Chat:
    """A visitor who has come to ask."""
    page = chromium.new_page(base_url=desk.url, locale="ja-JP", viewport=PHONE)  # type: ignore[arg-type]
    return Chat(page, desk.url).begin()


def hears_within(chromium: Chromium, desk: Desk, words: str, since: float) -> float:
    """Asks until the answer has these words; how many seconds it took."""
    while True:
        chat = asks(chromium, desk)
        chat.say(QUESTION)
        expect(chat.entries).not_to_have_count(1, timeout=30_000)
        page_text = "\n".join(chat.texts())
        chat.page.context.close()
        if words in page_text:
            return time.monotonic() - since
        assert time.monotonic() - since < WITHIN, page_text


def draft(page: Page, words: str) -> None:
    page.goto(f"/staff/table/entries/answer/{ANSWER}/edit/")
    page.get_by_label("短い回答").fill(words)
    page.get_by_role("button", name="下書きを保存する").click()
    page.get_by_role("button", name="医師に確認を頼む").click()


def test_a_draft_reaches_the_patient_and_is_taken_back(
    chromium: Chromium,
    clinic: Desk,
) -> None:
    nurse, doctor = opened(chromium, clinic, DESKTOP), opened(chromium, clinic, DESKTOP)
    log_in(nurse, clinic, "nurse1")
    log_in(doctor, clinic, "doctor1")

    draft(nurse, NEW)
    expect(nurse.get_by_text("医師の承認を待っています。")).to_be_visible()
    version = clinic.scene(f'play("print(newest({ANSWER!r}).pk)")', "editorial_scenes")
    # The nurse cannot approve: there is no button, no address and no SQL for it.
    expect(nurse.get_by_role("button", name="この内容を承認する")).to_have_count(0)
    with Browser(clinic) as direct:
        direct.log_in("nurse1")
        assert direct.status("POST", f"/staff/table/versions/{version}/approve/") == 403
    refused = clinic.scene(
        f"play(\"approve_by_sql('nurse1', key={ANSWER!r})\")", "editorial_scenes"
    )
    assert refused.startswith("refused")

    doctor.goto("/staff/table/review/")
    doctor.get_by_role("button", name="この内容を承認する").click()
    doctor.get_by_role("link", name="公開", exact=True).click()
    began = time.monotonic()
    doctor.get_by_role("button", name="検査を始める").click()
    expect(doctor.get_by_role("heading", name="署名待ち")).to_be_visible(timeout=240_000)
    print(f"the gate took {time.monotonic() - began:.0f} s")
    keep(doctor, "table-release")
    doctor.get_by_role("link", name="検査の結果と、変わる返事を見る").click()
    keep(doctor, "table-changes")
    doctor.get_by_role("button", name="件をすべて確認した").click()
    doctor.goto("/staff/table/releases/1/")
    doctor.get_by_role("button", name="公開する", exact=True).click()
    expect(doctor.get_by_role("heading", name="公開済み")).to_be_visible()
    took = hears_within(chromium, clinic, SHOWN, time.monotonic())
    print(f"with the patient after {took:.1f} s")

    # The kill switch: people answer.
    nurse.goto(f"/staff/table/switches/?answer={ANSWER}")
    nurse.get_by_label("理由").fill("内容を確認中")
    nurse.get_by_role("button", name="止める", exact=True).click()
    took = hears_within(chromium, clinic, "スタッフが確認してお返事", time.monotonic())
    print(f"stopped after {took:.1f} s")
    nurse.get_by_role("button", name="再開する").click()
    hears_within(chromium, clinic, SHOWN, time.monotonic())

    # One click takes it back.
    doctor.goto(f"/staff/table/entries/answer/{ANSWER}/")
    doctor.locator("summary", has_text="第1版").click()
    doctor.get_by_role("button", name="第1版の内容に戻す（すぐに公開）").click()
    expect(doctor.get_by_text("の内容に戻しました").first).to_be_visible()
    patient = asks(chromium, clinic)
    deadline = time.monotonic() + WITHIN
    while SHOWN in clinic_says(patient):
        assert time.monotonic() < deadline
        patient = asks(chromium, clinic)
    keep(patient.page, "table-patient")


def test_a_change_that_breaks_what_must_escalate_is_blocked_and_named(
    chromium: Chromium, clinic: Desk
) -> None:
    nurse, doctor = opened(chromium, clinic, DESKTOP), opened(chromium, clinic, DESKTOP)
    log_in(nurse, clinic, "nurse1")
    log_in(doctor, clinic, "doctor1")
    # Who took the medicine while nursing is told to call today; now a doctor would decide some day.
    nurse.goto("/staff/table/entries/answer/BF-TOO-01/edit/")
    nurse.get_by_label("緊急度").select_option("consult")
    nurse.get_by_label("人への引き継ぎ").select_option("offer")
    nurse.get_by_role("button", name="下書きを保存する").click()
    nurse.get_by_role("button", name="医師に確認を頼む").click()
    doctor.goto("/staff/table/review/")
    doctor.get_by_role("button", name="この内容を承認する").click()
    doctor.get_by_role("link", name="公開", exact=True).click()
    doctor.get_by_role("button", name="検査を始める").click()
    expect(doctor.get_by_role("heading", name="検査に通らない")).to_be_visible(timeout=240_000)
    expect(doctor.locator(".findings")).to_contain_text("授乳しながら飲んでしまった")
    keep(doctor, "table-blocked")
    expect(doctor.get_by_role("button", name="公開する", exact=True)).to_have_count(0)
    # Nor by a direct request.
    with Browser(clinic) as direct:
        direct.log_in("doctor2")
        address = doctor.url.removeprefix(clinic.url)
        assert direct.status("POST", f"{address}publish/") == 302
    doctor.reload()
    expect(doctor.get_by_role("heading", name="検査に通らない")).to_be_visible()


def clinic_says(chat: Chat) -> str:
    """What a visitor is told who asks."""
    chat.say(QUESTION)
    expect(chat.entries).not_to_have_count(1, timeout=30_000)
    return "\n".join(chat.texts())


def test_a_review_that_is_overdue_withdraws_the_answer(
    chromium: Chromium,
    clinic: Desk,
) -> None:
    assert "お伝えできません" not in clinic_says(asks(chromium, clinic))
    port = clinic.port
    clinic.kill()
    # The same desk and the same bot; only the desk's clock is ahead.
    clinic.start("tests.desk.later", "400", port=port)
    hears_within(chromium, clinic, "見直しの期限を過ぎている", time.monotonic())
