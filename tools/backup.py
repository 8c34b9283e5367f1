"""Backs the desk up, and puts a backup back (``make backup``, ``make restore``; docs/operations.md).

A backup is one file: the desk's database, that of Rasa's conversations if there is one, the table in force,
and a manifest with the rows, the hash of each part, and the model that was in use. It holds what patients
wrote; with a public key of age (age-encryption.org) it is sealed, and only who has the private key reads it.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyrage

from core.clinic_hours import TOKYO
from core.locale import sentence
from core.secret_files import SecretFileError, with_files
from tools.databases import BackupError, Database, database
from tools.places import MODEL, ROOT, RUN_DIR

#: What the archives of this program look like; a later one raises it when it changes that.
FORMAT = 1
MANIFEST, TABLE = "manifest.json", "table.json"
#: Where backups go: ``DESK_BACKUPS``, or the project's own folder.
BACKUPS = Path(os.environ.get("DESK_BACKUPS") or RUN_DIR / "backups")
#: The databases: the part of the archive, and the variable that says where it is.
PARTS = {"desk.dump": "DATABASE_URL", "rasa.dump": "RASA_TRACKER_DB"}
SEALED = ".age"


def main() -> int:
    """Does what the command line says."""
    arguments = _parser().parse_args()
    try:
        values = with_files(os.environ)
        if arguments.command == "create":
            print(create(arguments.to, values, _recipient(values)))
            if arguments.metric:
                tell(arguments.metric, dt.datetime.now(TOKYO))
        elif arguments.command == "key":
            print(make_key(arguments.identity))
        else:
            with tempfile.TemporaryDirectory() as folder:
                manifest = opened(arguments.file, Path(folder), arguments.identity)
                print(described(manifest))
                if arguments.command == "restore":
                    restore(manifest, Path(folder), values, arguments.replace)
                    print(sentence("backup.restored"))
    except (BackupError, SecretFileError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(sentence("backup.no_file", detail=error), file=sys.stderr)
        return 1
    return 0


def create(folder: Path, values: Mapping[str, str], recipient: str) -> Path:
    """Backs everything up, while the desk runs.

    Args:
        folder: where the file goes.
        values: the environment.
        recipient: the public key it is sealed with; "" for none.

    Returns:
        The file.

    Raises:
        BackupError: something cannot be backed up; then there is no file.
    """
    now = dt.datetime.now(TOKYO)
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"desk-{now:%Y%m%dT%H%M%S}.tar{SEALED if recipient else ''}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as workshop:
        place = Path(workshop)
        parts: dict[str, Any] = {}
        # Rasa's first: of what it knows too little is only what was said last.
        for name, where in sorted(databases(values).items(), reverse=True):
            rows = where.dump(place / name)
            parts[name] = {"kind": where.kind, "rows": rows, **_measured(place / name)}
        if _write_table(place / TABLE):
            parts[TABLE] = _measured(place / TABLE)
        model = {"name": MODEL.name, **_measured(MODEL)} if MODEL.exists() else None
        manifest = {"format": FORMAT, "taken_at": now.isoformat(), "parts": parts, "model": model}
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (place / MANIFEST).write_text(text, encoding="utf-8")
        archive = place / "archive.tar"
        with tarfile.open(archive, "w") as tar:
            for name in (MANIFEST, *parts):
                tar.add(place / name, name)
        if recipient:
            archive = _sealed(archive, recipient)
        archive.chmod(0o600)
        archive.replace(final)
    return final


def tell(file: Path, now: dt.datetime) -> None:
    """Tells Prometheus, by node_exporter's textfile collector, that there is a backup.

    Args:
        file: in the collector's folder, ``….prom``.
        now: an aware time.
    """
    new = file.with_suffix(".new")
    new.write_text(f"desk_backup_timestamp_seconds {now.timestamp():.0f}\n", encoding="ascii")
    new.chmod(0o644)
    new.replace(file)


def opened(file: Path, folder: Path, identity: Path | None) -> dict[str, Any]:
    """Unpacks a backup and sees that it is whole.

    Args:
        file: the backup.
        folder: where its parts go.
        identity: a file with the private key, for one that is sealed.

    Returns:
        Its manifest.

    Raises:
        BackupError: it cannot be opened, or is damaged.
    """
    archive = file
    if file.suffix == SEALED:
        archive = folder / "archive.tar"
        _unseal(file, archive, identity)
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    except (tarfile.TarError, json.JSONDecodeError, FileNotFoundError) as error:
        raise BackupError(sentence("backup.broken", name=file.name)) from error
    if manifest["format"] > FORMAT:
        raise BackupError(sentence("backup.too_new", name=file.name))
    for name, part in manifest["parts"].items():
        if not (folder / name).is_file() or _measured(folder / name)["sha256"] != part["sha256"]:
            raise BackupError(sentence("backup.broken", name=f"{file.name}/{name}"))
    return manifest


def restore(
    manifest: Mapping[str, Any], folder: Path, values: Mapping[str, str], replace: bool
) -> None:
    """Puts a backup's databases back.

    Args:
        manifest: that of ``opened``.
        folder: where its parts are.
        values: the environment.
        replace: whether databases in which something is may be replaced.

    Raises:
        BackupError: they are not empty, in use, or not named; or they differ from the manifest
            afterwards. What was there before stays then, in all of them.
    """
    targets = databases(values)
    parts = {name: part for name, part in manifest["parts"].items() if name in PARTS}
    for name, part in parts.items():
        if name not in targets:
            raise BackupError(sentence("backup.no_target", name=PARTS[name]))
        if targets[name].kind != part["kind"]:
            raise BackupError(sentence("backup.other_kind", name=PARTS[name], kind=part["kind"]))
        if not replace and any(targets[name].rows().values()):
            raise BackupError(sentence("backup.not_empty", name=PARTS[name]))
    with contextlib.ExitStack() as all_or_none:
        for name, part in parts.items():
            all_or_none.enter_context(targets[name].restored(folder / name, part["rows"]))


def databases(values: Mapping[str, str]) -> dict[str, Database]:
    """The databases of an environment, by the names of their parts; one that has two names, once.

    Args:
        values: the environment.

    Raises:
        BackupError: a URL is none of a database.
    """
    usual = {"DATABASE_URL": f"sqlite:///{RUN_DIR / 'desk.sqlite3'}"}
    urls = {part: values.get(name) or usual.get(name) for part, name in PARTS.items()}
    found: dict[str, Database] = {}
    for part, url in urls.items():
        if url and (one := database(url)).place not in {each.place for each in found.values()}:
            found[part] = one
    return found


def make_key(file: Path) -> str:
    """Writes a new private key into a file.

    Args:
        file: which; there is none yet.

    Returns:
        The public key.
    """
    identity = pyrage.x25519.Identity.generate()
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as written:
        written.write(f"{identity}\n")
    return str(identity.to_public())


def described(manifest: Mapping[str, Any]) -> str:
    """What is in a backup, for people.

    Args:
        manifest: that of ``opened``.
    """
    lines = [sentence("backup.taken", at=manifest["taken_at"])]
    for name, part in manifest["parts"].items():
        rows = sum(part.get("rows", {}).values())
        lines.append(sentence("backup.part", name=name, bytes=part["bytes"], rows=rows))
    model = manifest["model"] or {"name": "-", "sha256": "-"}
    return "\n".join([*lines, sentence("backup.model", **model)])


def _write_table(to: Path) -> bool:
    """The table in force as a file, for people; whether the desk could say it."""
    done = subprocess.run(
        [sys.executable, "-m", "desk", "published_table"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        detail = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        print(sentence("backup.no_table", detail="".join(detail)), file=sys.stderr)
        return False
    to.write_bytes(done.stdout)
    return True


def _measured(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return {"sha256": digest.hexdigest(), "bytes": path.stat().st_size}


def _recipient(values: Mapping[str, str]) -> str:
    """The public key; there must be one where patients are real."""
    recipient = values.get("DESK_BACKUP_RECIPIENT", "")
    if not recipient and values.get("DESK_PRODUCTION") == "1":
        raise BackupError(sentence("backup.no_recipient"))
    return recipient


def _sealed(archive: Path, recipient: str) -> Path:
    sealed = archive.with_suffix(SEALED)
    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise BackupError(sentence("backup.bad_recipient")) from error
    pyrage.encrypt_file(str(archive), str(sealed), [key])
    return sealed


def _unseal(file: Path, archive: Path, identity: Path | None) -> None:
    if identity is None:
        raise BackupError(sentence("backup.no_identity"))
    lines: Iterable[str] = identity.read_text(encoding="ascii").splitlines()
    try:
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-")]
        pyrage.decrypt_file(str(file), str(archive), keys)
    except (pyrage.IdentityError, pyrage.DecryptError) as error:
        raise BackupError(sentence("backup.not_opened", name=file.name)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.backup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("create", help="backs everything up")
    new.add_argument("--to", type=Path, default=BACKUPS, help="folder (%(default)s)")
    new.add_argument("--metric", type=Path, help="file that tells Prometheus when (….prom)")
    verify = commands.add_parser("verify", help="says what is in a backup, and whether it is whole")
    back = commands.add_parser("restore", help="puts a backup back; desk and bot do not run")
    back.add_argument("--replace", action="store_true", help="over a database with something in it")
    for one in (verify, back):
        one.add_argument("file", type=Path, help="the backup")
        one.add_argument("--identity", type=Path, help="file with the private key")
    key = commands.add_parser("key", help="makes a private key, and says the public one")
    key.add_argument("identity", type=Path, help="file for the private key")
    return parser


if __name__ == "__main__":
    sys.exit(main())
