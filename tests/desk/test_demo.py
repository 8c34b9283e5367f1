"""The demonstration's week: as if people had been at work, and never beside real ones."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.desk.running import ROOT, Desk
from tools.places import free_ports

EVERY_STATE = ["answered", "claimed", "closed", "new", "reopened", "undelivered"]


def scene(desk: Desk, call: str) -> str:
    return desk.scene(call, "demo_scenes")


def looked_at(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(scene(desk, "looked_at()"))
    return found


def plan() -> dict[str, Any]:
    text = (ROOT / "data" / "demo" / "week.yml").read_text(encoding="utf-8")
    week: dict[str, Any] = yaml.safe_load(text)
    return week


def column(path: str, name: str) -> set[str]:
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return {row[name] for row in csv.DictReader(file)}


def test_the_week_names_answers_that_there_are_and_marks_all_people() -> None:
    week = plan()
    named = {line["answer"] for line in (*week["answered"], *week["drafts"])}
    named |= {answer for line in week["clarified"] for answer in line["answers"]}
    assert named - column("data/knowledge/answers.csv", "answer_id") == set()
    assert all(person["display"].startswith("デモ ") for person in week["staff"])
    assert all(person["name"].startswith("demo-") for person in week["staff"])


def test_the_week_says_nothing_of_the_frozen_sets() -> None:
    week = plan()
    texts = {t for part in week.values() for line in part if "texts" in line for t in line["texts"]}
    texts |= {line["text"] for kind in ("handed_over", "red_flags") for line in week[kind]}
    for path in ("tests/nlu/frozen.csv", "tests/nlu/calibration.csv", "tests/safety/sentences.csv"):
        assert texts & column(path, "text") == set()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_week_is_played_once_and_removed_and_never_beside_real_patients(desk: Desk) -> None:
    port = str(free_ports(1)[0])
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo_data"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, **desk.environment(), "DESK_PORT": port}, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "デモの一週間を入れました（会話 " in done.stdout
    found = looked_at(desk)
    assert found["states"] == EVERY_STATE
    assert found["channels"] == ["line", "web"]
    assert found["conversations"] > 60
    assert found["waiting"] == found["unsent"] == 0
    assert found["flags"] == 1
    assert found["feedback"] > 0
    assert found["drafts"] == ["in_review"]
    assert found["in_order"] and found["days"] >= 6
    assert found["asleep"] < len(found["texts"]) / 10
    assert found["people"] == ["デモ 医師 一", "デモ 看護 一"]

    assert "もう入っています" in scene(desk, "fill()")
    assert "デモの会話" in scene(desk, "clear()")
    cleared = looked_at(desk)
    assert cleared["conversations"] == cleared["sessions"] == 0
    assert cleared["drafts"] == ["rejected"]
    assert cleared["audit"] > found["audit"]
    assert "本番" in scene(desk, "fill_in_production()")
    assert "デモの一週間を入れました" in scene(desk, "fill()")
    again = looked_at(desk)
    assert again["states"] == EVERY_STATE

    scene(desk, "clear()")
    scene(desk, "somebody_writes()")
    assert "デモではない会話がある" in scene(desk, "fill()")
