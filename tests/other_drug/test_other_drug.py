"""Another drug is another ``data/``: an invented medicine trains, answers and escalates with no
code changed. Runs in the desk environment, which starts the bot environment's programs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

pytest.importorskip("honcho", reason="the desk environment starts the servers")
pytest.importorskip("httpx", reason="the desk environment starts the servers")

from core.faults import DataError
from core.first_response import FirstResponses
from core.japanese import shared_tokenizer
from core.knowledge import Files, load_knowledge
from core.terms import load_terms
from core.triage import Triage
from tools.client import BotClient, Reply
from tools.places import ROOT, Ports, free_ports
from tools.run import running_bot
from tools.train import train

DATA = "tests/other_drug/data"
FOLDER = ROOT / DATA

Ask = Callable[..., list[Reply]]


def test_table_has_no_fault() -> None:
    terms = load_terms(FOLDER / "lexicon" / "terms.csv")
    files = Files.read(FOLDER / "knowledge")
    try:
        knowledge = load_knowledge(files, (t.term_id for t in terms), dt.date.today())
    except DataError as error:
        pytest.fail(str(error))
    assert knowledge.demo


def test_every_file_of_the_first_drug_has_a_counterpart() -> None:
    for folder in ("knowledge", "lexicon", "triage"):
        theirs = {p.name for p in (ROOT / "data" / folder).iterdir() if p.is_file()}
        ours = {p.name for p in (FOLDER / folder).iterdir() if p.is_file()}
        assert theirs <= ours


def test_fixed_texts_have_the_same_keys() -> None:
    theirs, ours = (
        yaml.safe_load((data / "knowledge" / "messages.yml").read_bytes())["messages"].keys()
        for data in (ROOT / "data", FOLDER)
    )
    assert theirs == ours


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    """This data set for everything that is started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESK_DATA", DATA)
        for name in ("KNOWLEDGE_URL", "DESK_REQUIRE_APPROVAL"):
            patch.delenv(name, raising=False)
        yield patch


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, environment: pytest.MonkeyPatch) -> Path:
    """The trained model."""
    folder = tmp_path_factory.mktemp("other_drug")
    path = folder / "other-drug.tar.gz"
    # A cache of its own: Rasa's keys do not cover the lexicon, so a shared one could be stale.
    variables = {"DESK_DATA": DATA, "RASA_CACHE_DIRECTORY": str(folder / "cache")}
    assert train(path, [f"{DATA}/nlu", "data/rules.yml"], variables) == 0
    assert path.exists()
    return path


@pytest.fixture(scope="module")
def ask(model: Path, environment: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Sends the messages of one new conversation and returns the replies."""
    # Not before the training: what is free then may be another's by now.
    rasa, actions = free_ports(2)
    environment.setenv("RASA_PORT", str(rasa))
    environment.setenv("ACTIONS_PORT", str(actions))
    with running_bot(model.with_name("bot.log"), model):
        client = BotClient(Ports.from_environment().rasa_url)

        def conversation(*messages: str) -> list[Reply]:
            sender = uuid.uuid4().hex
            return [client.ask(sender, message) for message in messages]

        yield conversation


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "answer_id"),
    [
        ("テストラスチンを飲むと眠くなりますか？", "TS-SE-SLP-01"),
        ("飲み忘れたときはどうすればいいですか", "TS-MIS-GEN-01"),
        ("風邪薬と一緒に飲めますか", "TS-INT-CLD-01"),
    ],
)
def test_known_question_is_answered(ask: Ask, question: str, answer_id: str) -> None:
    (reply,) = ask(question)
    assert [a["answer_id"] for a in reply.custom["answers"]] == [answer_id]
    assert reply.custom["status"] == "answered"
    assert not reply.custom["escalate"]
    assert "テスト用の文です" in reply.texts[0]


@pytest.mark.slow
def test_own_dose_goes_to_the_doctor(ask: Ask) -> None:
    (reply,) = ask("体重50kgの私は何錠飲めばいいですか？")
    assert reply.custom["triage"] == "consult"
    assert reply.custom["escalate"]
    assert reply.custom["reason"] == "policy"


@pytest.mark.slow
def test_general_dose_question_is_not_escalated(ask: Ask) -> None:
    (reply,) = ask("何錠飲む薬ですか")
    assert [a["answer_id"] for a in reply.custom["answers"]] == ["TS-DOS-GEN-01"]
    assert not reply.custom["escalate"]


@pytest.mark.slow
def test_red_flag_is_an_emergency(ask: Ask) -> None:
    (reply,) = ask("唇が腫れて息が苦しいです")
    assert reply.custom["status"] == "triage"
    assert reply.custom["triage"] == "emergency"
    assert reply.custom["escalate"]
    assert "119番" in "".join(reply.texts)


@pytest.mark.slow
def test_reported_urgent_symptom_is_same_day(ask: Ask) -> None:
    (reply,) = ask("腕に発疹が出てきました")
    assert reply.custom["answers"] == []
    assert reply.custom["rule"] == "test_rash"
    assert reply.custom["triage"] == "same_day"
    assert reply.custom["escalate"]
    assert "次を飲まず" in reply.texts[0]


def test_rules_have_no_fault() -> None:
    triage = Triage.load(FOLDER / "triage", shared_tokenizer(None))
    FirstResponses.load(FOLDER).check(triage)


@pytest.mark.slow
def test_unknown_question_is_passed_on(ask: Ask) -> None:
    # A topic of the vocabulary that this table does not have; the bot may ask back once.
    replies = ask("保険は使えますか", "保険は使えますか")
    assert not any(reply.custom["answers"] for reply in replies)
    assert replies[-1].custom["escalate"]
    assert replies[-1].custom["status"] in ("fallback", "handoff")


@pytest.mark.slow
def test_answer_past_its_review_goes_to_staff(ask: Ask) -> None:
    (reply,) = ask("ノンアルコールビールは飲めますか")
    assert reply.custom["answers"] == []
    assert reply.custom["escalate"]
    assert reply.custom["reason"] == "expired_answer"


@pytest.mark.slow
def test_nothing_of_the_first_drug_is_said(ask: Ask) -> None:
    clinic = yaml.safe_load((ROOT / "data/knowledge/clinic.yml").read_bytes())["clinic"]
    said = "".join(
        text
        for message in ("こんにちは", "今日の天気は？", "")
        for reply in ask(message)
        for text in reply.texts
    )
    assert "テストラスチン" in said
    assert "イソトレチノイン" not in said
    assert clinic["clinic_name"] not in said
    assert clinic["phone"] not in said
