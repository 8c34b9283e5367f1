"""Known vulnerabilities of the pinned packages, against those that are accepted (``make audit``).

pip-audit asks PyPI, npm its registry. Where they give no data this says so and fails: nothing found in
nothing asked is no result. What it finds, and why the accepted is not reached, goes to
``docs/dependencies.md``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import SpecifierSet

from tools.places import ROOT

ACCEPTED = ROOT / "requirements" / "accepted.yml"
DOCUMENT = ROOT / "docs" / "dependencies.md"
WIDGET = ROOT / "widget"
#: Hash-pinned requirements by environment: what runs, and what only tests and builds.
PINNED: Mapping[str, tuple[str, ...]] = {
    "bot": ("bot.txt", "bot-dev.txt"),
    "desk": ("desk.txt", "desk-dev.txt"),
    "uv": ("uv.txt",),
}
#: Exit codes: something is not accepted; nobody could be asked.
REFUSED, NO_DATA = 1, 3
_HEAD = """# Known vulnerabilities of the pinned packages

Written by `make audit` from `requirements/accepted.yml`; do not edit.
"""
_NOBODY_ASKED = """**No vulnerability database could be asked when this was written**: the registry there
serves packages only. The table therefore holds what was found in a stored copy of GitHub's advisories, and is
not complete. `make audit` on a machine with internet names what is missing, and fails for whatever is not
accepted."""
_ASKED = "PyPI and npm know {count} vulnerabilities of what is pinned."
_WORLD = """Rasa 3.6.21 is the last of its kind and pins an old world. That world is kept apart: an
environment and processes of its own, at internal addresses that only the desk reaches. The desk faces people,
hands on texts of bounded length with names of its own making, and screens every message itself
([threat model](threat-model.md))."""
_TABLE = """| environment | package | advisories | why not upgraded | why not reached | until |
|---|---|---|---|---|---|"""
_PIN = re.compile(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)")


class NoDataError(Exception):
    """A database gave no data; ``str`` says which, and how it answered."""


@dataclass(frozen=True)
class Finding:
    """A known vulnerability of a pinned package.

    Attributes:
        environment: a key of ``PINNED``, or "widget".
        package, version: which.
        ids: all the names that it has.
        fixed: versions without it, "" for none.
    """

    environment: str
    package: str
    version: str
    ids: frozenset[str]
    fixed: str


@dataclass(frozen=True)
class Accepted:
    """An entry of ``accepted.yml``.

    Attributes:
        environment, package: where.
        affected: versions that have it.
        ids: names of the vulnerabilities.
        pinned_by: why it is not just upgraded.
        why: what keeps it from being reached.
        until: when somebody must look again.
    """

    environment: str
    package: str
    affected: SpecifierSet
    ids: tuple[str, ...]
    pinned_by: str
    why: str
    until: dt.date

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Accepted:
        """From an entry as it is written."""
        given = dict(entry)
        return cls(
            affected=SpecifierSet(given.pop("affected")), ids=tuple(given.pop("ids")), **given
        )


def accepted(path: Path = ACCEPTED) -> list[Accepted]:
    """All entries of the list.

    Args:
        path: the file.
    """
    return [Accepted.of(entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def pins(folder: Path = ROOT / "requirements") -> dict[str, dict[str, str]]:
    """Versions of packages by environment and name.

    Args:
        folder: with the compiled requirements.
    """
    return {
        environment: {
            name.lower(): version
            for file in files
            for name, version in _PIN.findall((folder / file).read_text(encoding="utf-8"))
        }
        for environment, files in PINNED.items()
    }


def faults(
    findings: Iterable[Finding],
    entries: Sequence[Accepted],
    pinned: Mapping[str, Mapping[str, str]],
    today: dt.date,
) -> Iterator[str]:
    """What must be looked at: found and not accepted, accepted for too long, or no longer true.

    Args:
        findings: what is known; nothing if nobody could be asked.
        entries: what is accepted.
        pinned: versions by environment and package.
        today: the day.
    """
    for finding in findings:
        mine = (e for e in entries if (e.environment, e.package) == _where(finding))
        if not any(finding.ids & set(entry.ids) for entry in mine):
            names = ", ".join(sorted(finding.ids))
            fixed = f"; fixed in {finding.fixed}" if finding.fixed else ""
            yield f"{finding.environment}: {finding.package} {finding.version}: {names}{fixed}"
    for entry in entries:
        version = pinned.get(entry.environment, {}).get(entry.package)
        named = f"accepted.yml: {entry.environment}: {entry.package}"
        if version is None or not entry.affected.contains(version, prereleases=True):
            yield f"{named}: {version or 'nothing'} is pinned, which is not {entry.affected}"
        if entry.until < today:
            yield f"{named}: was accepted until {entry.until}"


def _where(finding: Finding) -> tuple[str, str]:
    return finding.environment, finding.package


def of_python(environment: str, report: Mapping[str, Any]) -> list[Finding]:
    """What pip-audit has found.

    Args:
        environment: a key of ``PINNED``.
        report: its JSON.

    Raises:
        NoDataError: it was told nothing of some package.
    """
    skipped = [package["name"] for package in report["dependencies"] if "skip_reason" in package]
    if skipped:
        raise NoDataError(
            f"PyPI says nothing of {len(skipped)} of {len(report['dependencies'])} packages of"
            f" {environment} ({', '.join(skipped[:3])}, …)"
        )
    return [
        Finding(
            environment, package["name"].lower(), package["version"],
            frozenset({found["id"], *found.get("aliases", ())}), ", ".join(found["fix_versions"]),
        )
        for package in report["dependencies"]
        for found in package["vulns"]
    ]  # fmt: skip


def of_npm(report: Mapping[str, Any]) -> list[Finding]:
    """What ``npm audit`` has found.

    Args:
        report: its JSON.

    Raises:
        NoDataError: the registry gave it no data.
    """
    if "vulnerabilities" not in report:
        raise NoDataError(f"npm's registry: {report.get('message', 'no answer')}")
    return [
        Finding("widget", name, found["range"], frozenset({cause["url"].rpartition("/")[2]}), "")
        for name, found in report["vulnerabilities"].items()
        for cause in found["via"]
        if isinstance(cause, dict)
    ]


def ask() -> list[Finding]:
    """Asks both.

    Raises:
        NoDataError: one of them has no data, or cannot be asked.
    """
    found = []
    for environment, files in PINNED.items():
        for file in files:
            found += of_python(
                environment,
                _json(
                    Path(sys.executable).with_name("pip-audit"), "--requirement",
                    ROOT / "requirements" / file, "--disable-pip", "--require-hashes",
                    "--format", "json", "--progress-spinner", "off",
                ),
            )  # fmt: skip
    # pip-audit looks at a package in both files twice.
    return [*dict.fromkeys(found), *of_npm(_json("npm", "audit", "--json", "--package-lock-only"))]


def _json(*command: object) -> Any:
    done = subprocess.run(
        list(map(str, command)), cwd=WIDGET, capture_output=True, text=True, check=False
    )
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        last = done.stderr.strip().splitlines()[-1:] or ["no answer"]
        raise NoDataError(f"{Path(str(command[0])).name}: {last[0]}") from error


def document(findings: Sequence[Finding] | None, entries: Sequence[Accepted]) -> str:
    """``docs/dependencies.md``.

    Args:
        findings: what is known; None if nobody could be asked.
        entries: what is accepted.
    """
    rows = [
        f"| {entry.environment} | {entry.package} `{entry.affected}` | "
        f"{', '.join(f'[{i}](https://github.com/advisories/{i})' for i in entry.ids)} | "
        f"{entry.pinned_by} | {entry.why} | {entry.until} |"
        for entry in entries
    ]
    asked = _NOBODY_ASKED if findings is None else _ASKED.format(count=len(findings))
    return "\n".join([_HEAD, asked, "", _WORLD, "", _TABLE, *rows, ""])


def main() -> int:
    """Writes the document and prints what must be looked at."""
    argparse.ArgumentParser(prog="make audit", description=__doc__).parse_args()
    entries, findings = accepted(), None
    try:
        findings = ask()
    except NoDataError as error:
        print(
            "脆弱性の情報を取得できませんでした。インターネットにつながる機械で、もう一度実行してください"
            f"（{error}）。accepted.yml の期限と版だけを確かめます。",
            file=sys.stderr,
        )
    DOCUMENT.write_text(document(findings, entries), encoding="utf-8")
    wrong = list(faults(findings or (), entries, pins(), dt.date.today()))
    print("\n".join(wrong) or f"accepted.yml: {len(entries)} entries, none expired")
    if wrong:
        return REFUSED
    return 0 if findings is not None else NO_DATA


if __name__ == "__main__":
    sys.exit(main())
