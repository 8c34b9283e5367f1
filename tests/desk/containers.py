"""What deploy/ says, read; and a stand-in for a container engine, which tests have none of.

A container here is a process in a mount namespace of its own: it sees the files that its Dockerfile copies,
read only, its secrets, and its tmpfs; it has the environment, the user and no more rights than compose.yml
gives it. It has no network of its own: addresses of its networks are those of the loopback device.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.desk.running import ROOT

DEPLOY = ROOT / "deploy"
#: ``${NAME}``, ``${NAME:-default}``, ``${NAME:?complaint}``.
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?:(:[-?])([^}]*))?\}")


def compose() -> dict[str, Any]:
    """The Compose file, its variables as they stand."""
    document: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
    return document


def filled(value: Any, variables: Mapping[str, str]) -> Any:
    """A part of the Compose file with its variables filled in, as Compose does it."""
    if isinstance(value, dict):
        return {name: filled(part, variables) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, variables) for part in value]
    if not isinstance(value, str):
        return value

    def one(found: re.Match[str]) -> str:
        name, kind, text = found.groups()
        given = variables.get(name, "")
        assert given or kind != ":?", f"{name}: {text}"
        return given or (text if kind == ":-" else "")

    return VARIABLE.sub(one, value)


#: Fields of a kustomization that ``kustomized`` knows.
_KNOWN = {
    "apiVersion", "kind", "namespace", "resources", "labels", "configMapGenerator", "images",
}  # fmt: skip


def kustomized(folder: Path) -> list[dict[str, Any]]:
    """What ``kubectl kustomize`` makes of a folder, but for the hash in the names of ConfigMaps."""
    given = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert given.keys() <= _KNOWN, "a field that is not read here"
    objects: list[dict[str, Any]] = []
    for name in given["resources"]:
        path = folder / name
        text = "" if path.is_dir() else path.read_text(encoding="utf-8")
        objects += kustomized(path) if path.is_dir() else yaml.safe_load_all(text)
    for made in given.get("configMapGenerator", []):
        objects.append({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": made["name"]},
            "data": dict(pair.split("=", 1) for pair in made["literals"]),
        })  # fmt: skip
    images = {
        image["name"]: f"{image['newName']}@{image['digest']}" for image in given.get("images", [])
    }
    for each in objects:
        if each["kind"] != "Namespace":
            each["metadata"]["namespace"] = given["namespace"]
        for labels in given.get("labels", []):
            each["metadata"].setdefault("labels", {}).update(labels["pairs"])
        for container in containers_of(each):
            container["image"] = images.get(container["image"], container["image"])
    return objects


def containers_of(made: Any) -> Iterator[dict[str, Any]]:
    """The containers in an object of Kubernetes, wherever it has its pods."""
    for name, value in made.items() if isinstance(made, dict) else ():
        if name == "containers":
            yield from value
        else:
            yield from containers_of(value)


@dataclass
class Stage:
    """A stage of a Dockerfile: what it begins with, and its instructions."""

    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Dockerfile:
    """A Dockerfile: its arguments before the first stage, and its stages by name, in order."""

    arguments: list[str]
    stages: dict[str, Stage]

    @classmethod
    def read(cls, name: str) -> Dockerfile:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        lines = re.sub(r"(?m)^\s*#.*\n", "", text).replace("\\\n", " ").splitlines()
        file = cls([], {})
        for line in filter(str.strip, lines):
            word, rest = line.split(maxsplit=1)
            if word == "FROM":
                base, _, stage = rest.split()
                file.stages[stage] = Stage(base)
            elif not file.stages:
                assert word == "ARG"
                file.arguments.append(rest)
            else:
                next(reversed(file.stages.values())).instructions.append((word, rest))
        return file

    def chain(self, target: str) -> list[tuple[str, str]]:
        """The instructions that make an image, from the first of our stages on."""
        stage = self.stages[target]
        before = self.chain(stage.base) if stage.base in self.stages else []
        return [*before, *stage.instructions]

    def copies(self, target: str) -> Iterator[tuple[str, list[str], str]]:
        """What is copied into an image: stage ("" for the project), sources, and where to."""
        for word, rest in self.chain(target):
            if word == "COPY":
                parts = rest.split()
                stage = parts.pop(0).partition("=")[2] if parts[0].startswith("--from") else ""
                yield stage, parts[:-1], parts[-1]

    def environment(self, target: str) -> dict[str, str]:
        """The variables that an image sets."""
        pairs = (p for word, rest in self.chain(target) if word == "ENV" for p in shlex.split(rest))
        return dict(pair.split("=", 1) for pair in pairs)

    def command(self, target: str) -> list[str]:
        """What an image runs."""
        command: list[str] = yaml.safe_load([r for w, r in self.chain(target) if w == "CMD"][-1])
        return command


def lay_out(file: Dockerfile, target: str, folder: Path, made: Mapping[str, Path]) -> None:
    """Puts the files of an image where it has them below its working directory.

    Args:
        file: the Dockerfile.
        target: the image.
        folder: stands for the working directory.
        made: what other stages make, by stage; and ``${DATA}``.
    """
    for stage, sources, where in file.copies(target):
        if where.startswith("/"):
            continue  # packages: the environment of this machine stands for them
        for source in sources:
            path = made[stage or source] if stage or source in made else ROOT / source
            to = folder / (Path(where) if where != "./" else Path(path.name))
            to.parent.mkdir(parents=True, exist_ok=True)
            ignored = shutil.ignore_patterns("__pycache__")
            if path.is_dir():
                shutil.copytree(path, to, ignore=ignored)
            else:
                shutil.copyfile(path, to)


@dataclass
class Container:
    """A service of the Compose file.

    Args:
        service: its settings, variables filled in.
        files: stands for /srv/desk.
        packages: the environment of Python that stands for the image's.
        secrets: stands for /run/secrets.
        environment: its variables.
        output: where what it prints goes.
    """

    service: Mapping[str, Any]
    files: Path
    packages: Path
    secrets: Path
    environment: Mapping[str, str]
    output: Path

    def _argv(self, command: list[str]) -> list[str]:
        where = self.environment["PATH"].partition("/bin")[0]
        python = os.path.realpath(self.packages / "bin" / "python")
        base = Path(python).parent.parent
        user, group = self.service["user"].split(":")
        only = " ".join(str(self.secrets / name) for name in self.service["secrets"])
        steps = [
            "set -e",
            "for folder in /opt /run /srv; do mount -t tmpfs none $folder; done",
            f"mkdir -p /srv/desk /srv/base /srv/secrets {where} /run/secrets",
            f"mount --bind {self.files} /srv/desk && mount -o remount,ro,bind /srv/desk",
            f"mount --bind {self.packages} {where} && mount -o remount,ro,bind {where}",
            f"mount --bind {base} /srv/base",
            # Of all secrets the service's own.
            f"cp {only} /run/secrets/",
            # Whoever lays Python into a home of root's: of that nothing else is seen.
            f"case {base} in {Path.home()}/*) mount -t tmpfs none {Path.home()}; mkdir -p {base};"
            f" mount --bind /srv/base {base};; esac",
            f"mount -t tmpfs none {ROOT}",
        ]
        for tmpfs in self.service["tmpfs"]:
            path, _, options = tmpfs.partition(":")
            steps.append(f"mount -t tmpfs -o {options} none {path}")
        steps += [
            "cd /srv/desk",
            f"exec setpriv --reuid {user} --regid {group} --clear-groups --no-new-privs"
            f" --bounding-set -all --inh-caps -all {shlex.join(command)}",
        ]
        return ["unshare", "--mount", "bash", "-c", "\n".join(steps)]

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Runs something to its end in it."""
        return subprocess.run(
            self._argv(command), env=dict(self.environment), capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    @contextlib.contextmanager
    def running(self, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Runs a server in it while the block runs, and ends it as an engine does."""
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                self._argv(command), env=dict(self.environment), stdout=output, stderr=output
            )
            try:
                yield process
                process.send_signal(signal.SIGTERM)
                process.wait(30)
            finally:
                process.kill()
                process.wait()


def python_of(packages: str) -> Path:
    """The environment of this machine that stands for an image's packages."""
    return Path(sys.prefix) if packages == "desk" else ROOT / ".venv" / packages
