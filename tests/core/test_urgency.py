"""What messages sound like, learnt from labelled ones."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from core.japanese import Token, shared_tokenizer
from core.urgency import CALM, MIN_SAMPLES, Heard, Sample, UrgencyModel
from tests.core.test_japanese import texts

WHEN = ["今", "さっきから", "昨日から", "朝から", "急に", "夜中に", "薬を飲んで", "また"]
FALLS = ["床に崩れ落ちて", "床で寝ていて", "床に倒れて", "廊下で崩れて", "風呂場で倒れて"]
FORGOT = ["記憶がない", "何も覚えていない", "記憶が飛んだ", "覚えがない", "気がつけば朝"]
HEARS = ["耳が遠い", "耳鳴りがする", "耳がこもる", "音が割れる", "声が遠い"]
BADLY = ["ずっと", "ひどく", "少し", "片方だけ", "両方とも"]
#: What the words are read by.
BY = "these phrases"
ASKS = ["床の掃除は", "お風呂は", "お酒は", "日焼け止めは", "運動は"]
WHETHER = ["いつからいいですか", "だめですか", "大丈夫ですか", "控えますか", "関係ありますか"]


def read(text: str) -> list[Token]:
    """The words of a text."""
    return shared_tokenizer(None).tokenize(text)


def samples() -> list[Sample]:
    """Fainting is an emergency, bad hearing urgent, questions are calm."""
    return [
        *(Sample("".join(p), "emergency", "faint") for p in itertools.product(WHEN, FALLS, FORGOT)),
        *(Sample("".join(p), "same_day", "hearing") for p in itertools.product(WHEN, BADLY, HEARS)),
        *(Sample("".join(p), CALM, "faint") for p in itertools.product(WHEN, ASKS, WHETHER)),
    ]


@functools.lru_cache
def learnt() -> UrgencyModel:
    """A model of the samples."""
    found = UrgencyModel.learn(samples(), read)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def model() -> UrgencyModel:
    return learnt()


@pytest.mark.parametrize(
    ("text", "level", "rule"),
    [
        # Said as no sample says it.
        ("台所の床で寝てたみたいで、そのあいだの記憶がない", "emergency", "faint"),
        ("崩れ落ちて覚えてない", "emergency", "faint"),
        ("耳がひどくこもって声が遠い", "same_day", "hearing"),
        # The sentence that sounds so, among others.
        ("お酒は控えますか。床に倒れて何も覚えていない。運動はだめですか", "emergency", "faint"),
    ],
)
def test_message_like_urgent_ones_is_heard(
    model: UrgencyModel, text: str, level: str, rule: str
) -> None:
    heard = model.hear(read(text))
    assert heard is not None
    assert (heard.level, heard.rule_id) == (level, rule)


@pytest.mark.parametrize(
    "text", ["お酒は大丈夫ですか", "運動はいつからいいですか", "", "。", "\0", "?!"]
)
def test_calm_message_is_not_heard(model: UrgencyModel, text: str) -> None:
    assert model.hear(read(text)) is None


@pytest.mark.parametrize(
    "text", ["崩れ落ちた", "あ、はい", "👍はい", "さっき飲みました。", "1錠", "もう。"]
)
def test_a_bare_answer_is_too_little_to_sound_like_anything(model: UrgencyModel, text: str) -> None:
    assert model.hear(read(text)) is None


def test_heard_sentence_is_named_by_its_place(model: UrgencyModel) -> None:
    text = "お酒は控えますか。床に倒れて何も覚えていない。運動はだめですか"
    heard = model.hear(read(text), at=100)
    assert heard is not None
    assert text[heard.start - 100 : heard.end - 100] == "床に倒れて何も覚えていない。"


@pytest.mark.parametrize(
    ("votes", "rule"), [((5, -5), "a"), ((-5, 5), "b"), ((-5, -5, -5), None), ((), None)]
)
def test_rule_is_named_when_it_has_half_the_votes(votes: tuple[float, ...], rule: str) -> None:
    bias = np.asarray([0.0, 0.0, *votes], np.float32)
    weights = np.zeros((1, len(bias)), np.float32)
    deaf = UrgencyModel({"頭": 1.0}, weights, bias, "abc"[: len(votes)], (0, 0))
    assert deaf.hear(read("頭痛と熱")) == Heard("emergency", rule, 0, 4)
    assert deaf.hear(read("腹痛と熱")) is None


@pytest.mark.parametrize(
    "few",
    [
        [],
        samples()[: MIN_SAMPLES - 1],
        [s for s in samples() if s.level != CALM],
        [s for s in samples() if s.level == CALM],
    ],
)
def test_too_few_samples_teach_nothing(few: list[Sample]) -> None:
    assert UrgencyModel.learn(few, read) is None


def test_samples_without_a_level_are_not_learnt_from(tmp_path: Path) -> None:
    unlabelled = [Sample("床に倒れて記憶がない", "")]
    UrgencyModel.kept([*samples(), *unlabelled], read, BY, tmp_path)
    (kept,) = tmp_path.iterdir()
    UrgencyModel.kept(samples(), read, BY, tmp_path)
    assert list(tmp_path.iterdir()) == [kept]


def test_model_is_learnt_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = UrgencyModel.kept(samples(), read, BY, tmp_path)
    monkeypatch.setattr(UrgencyModel, "learn", None)
    second = UrgencyModel.kept(samples(), read, BY, tmp_path)
    assert first is not None
    assert second is not None
    for text in ("床で寝ていて記憶がない", "耳がこもる", "お酒は大丈夫ですか"):
        assert first.hear(read(text)) == second.hear(read(text))


def test_damaged_model_is_learnt_again(tmp_path: Path) -> None:
    UrgencyModel.kept(samples(), read, BY, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"PK\x03\x04 not a model")
    model = UrgencyModel.kept(samples(), read, BY, tmp_path)
    assert model is not None
    assert model.hear(read("床で寝ていて記憶がない")) is not None


def test_model_that_cannot_be_kept_is_used_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert UrgencyModel.kept(samples(), read, BY, tmp_path / "file") is not None


def test_other_samples_make_another_model(tmp_path: Path) -> None:
    UrgencyModel.kept(samples(), read, BY, tmp_path)
    UrgencyModel.kept([*samples(), Sample("頭痛", "emergency", "head")], read, BY, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_samples_that_are_read_otherwise_make_another_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phrase, a spelling, a dictionary or the code has changed."""
    UrgencyModel.kept(samples(), read, BY, tmp_path)
    UrgencyModel.kept(samples(), read, "other words", tmp_path)
    monkeypatch.setattr("core.urgency.of_code", lambda: "other code")
    UrgencyModel.kept(samples(), read, BY, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_heard_survives_json() -> None:
    heard = Heard("same_day", None, 3, 9)
    assert Heard.from_json(heard.to_json()) == heard


@given(texts)
@settings(max_examples=60, deadline=None)
def test_any_text_is_heard_or_not(text: str) -> None:
    heard = learnt().hear(read(text))
    assert heard is None or 0 <= heard.start < heard.end <= len(text)
