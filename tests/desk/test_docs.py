"""What README and docs name is there: targets, modules, commands, files, links, tests, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.secret_files import OF_BOT, OF_DESK, SUFFIX
from tests.desk.running import ROOT

PAGES = [ROOT / "README.md", ROOT / "README.ja.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Folders and files that are made, or are the reader's own.
MADE = (
    "models", "results", "deploy/secrets", "deploy/backups", "deploy/.env", "deploy/kubernetes/clinic",
    "data/proposals",
)  # fmt: skip
#: Where our programs and their tests name environment variables.
READERS = (
    "core", "desk", "actions", "channels", "nlu", "tools", "benchmarks", "tests", "deploy", ".ci", "Makefile",
)  # fmt: skip
#: Commands of Django and of Celery.
OF_OTHERS = {"migrate", "worker"}
#: Names of files that are read for variables.
SOURCE = re.compile(r"\.(py|yml|yaml|sh|Dockerfile)$|^run$|^\.env")
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


def code(text: str) -> Iterator[str]:
    """What stands as code in a page: between backticks, and in blocks."""
    blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```", text)
    yield from blocks
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", text))


@pytest.fixture(scope="module")
def variables() -> set[str]:
    """What our programs, their tests and deploy/ name."""
    names = {name + SUFFIX for name in OF_DESK | OF_BOT}
    for reader in READERS:
        place = ROOT / reader
        for path in place.rglob("*") if place.is_dir() else [place]:
            if path != Path(__file__) and (path == place or SOURCE.search(path.name)):
                names |= set(VARIABLE.findall(path.read_text(encoding="utf-8")))
    return names


def missing(part: str, variables: set[str]) -> Iterator[str]:
    """What a piece of code names and is not there."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", part):
        if not re.search(rf"(?m)^{name}:", makefile):
            yield f"make {name}"
    for name in re.findall(r"-m ([a-z_.]+)", part):
        if name.partition(".")[0] in READERS and not is_module(name):
            yield f"-m {name}"
    for name in re.findall(r"-m desk ([a-z_]+)", part):
        ours = (ROOT / "desk").glob(f"*/management/commands/{name}.py")
        if not any(ours) and name not in OF_OTHERS:
            yield f"-m desk {name}"
    yield from (name for name in VARIABLE.findall(part) if name not in variables)
    yield from (path for path in paths(part) if not is_path(path))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path, variables: set[str]) -> None:
    parts = code(page.read_text(encoding="utf-8"))
    assert [name for part in parts for name in missing(part, variables)] == []


@pytest.mark.parametrize(
    "part",
    [
        "make no-such", "python -m tools.no_such", "python -m desk no_such", "DESK_NO_SUCH=1",
        "tests/core/test_no_such.py", "desk/no_such", "deploy/*.such",
    ],
)  # fmt: skip
def test_what_is_not_there_is_noticed(part: str, variables: set[str]) -> None:
    (found,) = missing(part, variables)
    assert found in f"{part} -m"


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


def paths(part: str) -> Iterator[str]:
    """Paths below the project that a piece of code names."""
    for path in re.findall(r"(?<![\w/.…-])((?:\.ci|[a-z]+)/[\w.*/-]+)", part):
        if (ROOT / path.partition("/")[0]).exists() and not path.startswith(MADE):
            yield path.rstrip(".")


def is_path(path: str) -> bool:
    return any(ROOT.glob(path.rstrip("/"))) or any(ROOT.glob(f"{path}.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_tests_of_the_threat_model_are_there() -> None:
    """They stand as file::test, the file once for several of its tests."""
    text, wrong, seen = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8"), [], 0
    for shown in re.findall(r"(?m)^\|.+\| ([^|]+) \|$", text.partition("## Accepted")[0]):
        file = ""
        for name in re.findall(r"(?:[a-z_]+/[a-z_]+)?(?:::\w+)?", shown):
            place, _, test = name.partition("::")
            file = place or file
            path = ROOT / "tests" / f"{file.replace('/', '/test_')}.py"
            if name and (not path.exists() or f"def test_{test}" not in path.read_text("utf-8")):
                wrong.append(name)
            seen += bool(name)
    assert wrong == []
    assert seen > 40
