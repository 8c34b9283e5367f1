"""What operators are given to watch the desk with: alert rules and a dashboard, of metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.desk.line_platform import LinePlatform
from tests.desk.running import EMERGENCY, ROOT, Desk, wait_for
from tools.places import free_ports

MONITORING = ROOT / "deploy" / "monitoring"
#: Of Prometheus itself, and what the backup writes for node_exporter (docs/monitoring.md).
NOT_OURS = {"up", "desk_backup_timestamp_seconds"}
_METRIC = re.compile(r"\b(?:desk_[a-z_\d]+|up)\b(?=[{\[)\s]|$)")
_JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return list(dashboard["panels"])


def expressions() -> Iterator[str]:
    """Of rules and dashboard, all."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel.get("targets", ()))


def named() -> set[str]:
    """The metrics that any of them names."""
    return {name for expr in expressions() for name in _METRIC.findall(expr)}


def promtool(*arguments: str) -> str:
    """What Prometheus's own tool says; ``.ci/run`` installs it."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    done = subprocess.run(
        [program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_configuration_and_rules() -> None:
    assert "SUCCESS" in promtool("check", "config", "deploy/monitoring/prometheus.yml")


@pytest.mark.parametrize("played", ["alert_rules.yml", "alert_rules_of_days.yml"])
def test_alerts_come_when_they_should_and_not_before(played: str) -> None:
    assert "SUCCESS" in promtool("test", "rules", f"tests/deploy/{played}")


def test_every_alert_is_played() -> None:
    played = "".join(
        (ROOT / "tests" / "deploy" / name).read_text(encoding="utf-8")
        for name in ("alert_rules.yml", "alert_rules_of_days.yml")
    )
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert {alert for alert in alerts if f'"{alert}"' not in played} == set()


def test_alerts_say_in_japanese_what_is_wrong_and_name_their_section() -> None:
    told = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    for rule in rules():
        if "alert" not in rule:
            continue
        notes = rule["annotations"]
        assert _JAPANESE.search(notes["summary"]) and _JAPANESE.search(notes["description"])
        assert notes["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert f"`{rule['alert']}`" in told


def test_the_dashboards_panels_have_japanese_titles() -> None:
    titles = [panel["title"] for panel in panels()]
    assert [title for title in titles if not _JAPANESE.search(title)] == ["Rasa"]
    assert len(set(titles)) == len(titles)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_metric_of_alerts_and_dashboard_is_one_of_a_running_desk(
    desk: Desk, platform: LinePlatform
) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    desk.settings |= platform.settings() | {"DESK_METRICS": address}
    desk.manage("import_knowledge")
    desk.start()
    assert desk.accepts("p", "1", "お酒は飲めますか")
    assert desk.accepts("q", "2", EMERGENCY)
    desk.answered("p")
    desk.answered("q")
    found: dict[str, str] = {}

    def all_there() -> bool:
        text = httpx.get(f"http://{address}/metrics").raise_for_status().text
        for family in text_string_to_metric_families(text):
            found.update((sample.name, family.documentation) for sample in family.samples)
        return named() - NOT_OURS - {"desk_rasa_errors_total"} <= found.keys()

    wait_for(all_there)
    told = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    own = {name for name in found if name.startswith("desk_")}
    bare = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in own - {"desk_celery_queue"}}
    assert {name for name in bare if f"`{name}" not in told} == set()
    # What each process tells of the same thing alike is never added up.
    for expr in expressions():
        for match in _METRIC.finditer(expr):
            how = re.search(r"take the (\w+)", found.get(match[0], ""))
            if how:
                before = expr[: match.start()]
                assert re.search(r"\b(?:max|min)(?: by \([\w, ]+\))? ?\($", before), expr
