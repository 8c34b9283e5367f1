"""What is built from what: CycloneDX of both environments and of the widget (``make sbom``).

Of the hash-pinned requirements, not of what happens to be installed. Nothing is kept that the schema of
CycloneDX does not allow: cyclonedx-py looks at what it writes, and what npm writes is looked at here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.places import ROOT

FOLDER = ROOT / "results" / "sbom"
#: Requirements by the name of what runs on them.
REQUIREMENTS = {"bot": "bot.txt", "desk": "desk.txt"}


class InvalidError(Exception):
    """A file that is not as CycloneDX wants it."""


def main() -> int:
    """Writes the files; prints where they are and how many components each names."""
    argparse.ArgumentParser(prog="make sbom", description=__doc__).parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, file in REQUIREMENTS.items():
        _write(name, _of_python(ROOT / "requirements" / file))
    _write("widget", _of_npm())
    return 0


def _of_python(requirements: Path) -> str:
    return _said(
        Path(sys.executable).with_name("cyclonedx-py"), "requirements", requirements,
        "--spec-version", "1.6", "--output-format", "JSON", "--output-reproducible", "--validate",
    )  # fmt: skip


def _of_npm() -> str:
    content = _said("npm", "sbom", "--package-lock-only", "--sbom-format", "cyclonedx")
    fault = JsonStrictValidator(SchemaVersion.V1_5).validate_str(content)
    if fault is not None:
        raise InvalidError(f"npm sbom: {fault}")
    return content


def _said(*command: object) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT / "widget", capture_output=True, text=True, check=True
    )
    return done.stdout


def _write(name: str, content: str) -> None:
    path = FOLDER / f"{name}.cdx.json"
    path.write_text(content, encoding="utf-8")
    components = len(json.loads(content)["components"])
    print(f"{path.relative_to(ROOT)}: {components} components")


if __name__ == "__main__":
    sys.exit(main())
