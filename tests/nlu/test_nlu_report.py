"""The baselines of the report on quality answer at all: a row of noughts would flatter ours."""

from __future__ import annotations

from benchmarks.nlu_report import _bm25, _svm


def test_the_table_is_searched_and_the_examples_are_learnt() -> None:
    questions = ["お酒を飲んでもいいですか", "唇が乾燥します", "献血はできますか"]
    assert _bm25(questions)[1:] == ["side_effects", "blood_donation"]
    assert _svm(questions) == ["alcohol", "side_effects", "blood_donation"]
