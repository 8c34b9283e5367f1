"""Backups: taken while patients write, put back after everything is gone; nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import empty, own_database
from tests.desk.fakes import FrontEnd
from tests.desk.line_platform import Line, LinePlatform, user_id
from tests.desk.running import EMERGENCY, ROOT, Desk, wait_for
from tests.desk.test_turns import check_one_answer_each
from tests.desk.visitor import Visitor, said

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def backup(desk: Desk, *arguments: str | Path, **changed: str) -> subprocess.CompletedProcess[str]:
    """``python -m tools.backup`` with a desk's environment."""
    return subprocess.run(
        [sys.executable, "-m", "tools.backup", *map(str, arguments)],
        cwd=ROOT, env=desk.environment() | changed, capture_output=True, text=True, check=False,
    )  # fmt: skip


def taken(desk: Desk, *arguments: str, **changed: str) -> Path:
    done = backup(desk, "create", "--to", str(desk.folder / "backups"), *arguments, **changed)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def trackers() -> Iterator[str]:
    """The URL of a database such as Rasa's, with a conversation in it."""
    with own_database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE events (id serial PRIMARY KEY, data text)")
            connection.execute("INSERT INTO events (data) VALUES ('一'), ('二'), ('三')")
        yield url


class Writer:
    """Somebody who writes on and on, one conversation after another."""

    def __init__(self, desk: Desk) -> None:
        self.acknowledged: list[str] = []
        self._desk, self._end = desk, threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        for number in itertools.count():
            if self._end.is_set():
                return
            if self._desk.accepts(f"w{number}", f"w{number}-1", f"質問{number}"):
                self.acknowledged.append(f"w{number}")

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


@pytest.mark.slow
@pytest.mark.usefixtures("crowd")
@on_postgresql
def test_after_everything_is_gone_the_backup_brings_it_back_and_patients_go_on(
    desk: Desk, trackers: str, platform: LinePlatform, front_end: FrontEnd
) -> None:
    key = desk.folder / "key"
    public = backup(desk, "key", key).stdout.strip()
    desk.settings |= platform.settings()
    surroundings = {"RASA_TRACKER_DB": trackers, "DESK_BACKUP_RECIPIENT": public}
    desk.start()
    desk.scene("can_log_in('nurse1')")
    line, friend, visitor = Line(platform, desk.url), user_id("friend"), Visitor(desk.url)
    line.send(line.text(friend, "前の質問"))
    visitor.send("前の質問")
    visitor.answered(2)
    desk.post("urgent", "1", EMERGENCY)
    wait_for(lambda: platform.texts(friend) == ["答え:前の質問"])
    with Writer(desk) as writer:
        wait_for(lambda: len(writer.acknowledged) >= 20)
        before = list(writer.acknowledged)
        file = taken(desk, **surroundings)
        wait_for(lambda: len(writer.acknowledged) >= len(before) + 5)
    staff = desk.scene("print(User.objects.count(), Ticket.objects.count())")
    desk.close()
    desk.stage = None
    empty(desk.database)
    empty(trackers)

    assert b"SQLite" not in file.read_bytes() and "質問".encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert (
        "秘密鍵のファイルを --identity で" in backup(desk, "restore", file, **surroundings).stderr
    )
    for more in ([], ["--replace"]):
        arguments = ("restore", file, "--identity", key, *more)
        done = backup(desk, *arguments, **surroundings)
        assert done.returncode == 0, done.stderr
        assert "戻しました" in done.stdout
        if not more:
            done = backup(desk, *arguments, **surroundings)
            assert done.returncode == 1
            assert "すでにデータがあります" in done.stderr

    desk.start()
    with psycopg.connect(trackers) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (3,)
    assert desk.scene("print(User.objects.count(), Ticket.objects.count())") == staff
    for name in before:
        check_one_answer_each(desk, name, [f"質問{name[1:]}"])
    wait_for(lambda: all(front_end.texts(name) for name in before))
    assert desk.answered("urgent")[0]["text"] == EMERGENCY
    visitor.url = visitor.origin = line.desk_url = desk.url
    visitor.send("後の質問")
    assert said(visitor.answered(4))[1::2] == [("bot", "答え:前の質問"), ("bot", "答え:後の質問")]
    line.send(line.text(friend, "後の質問"))
    wait_for(lambda: len(platform.texts(friend)) == 2)
    assert platform.texts(friend) == ["答え:前の質問", "答え:後の質問"]
    assert platform.faults == []
    assert taken(desk, **surroundings).exists(), "what was put back can be backed up"


@pytest.mark.slow
@on_postgresql
def test_database_in_use_or_with_something_else_in_it_stays_as_it_is(
    desk: Desk, tmp_path: Path
) -> None:
    file = taken(desk)
    with psycopg.connect(desk.database, autocommit=True) as connection:
        done = backup(desk, "restore", file, "--replace")
        assert "ほかのプログラムが使っています" in done.stderr
        connection.execute("CREATE TABLE mark AS SELECT 7 AS kept")
    with changed_rows(file, tmp_path) as wrong:
        done = backup(desk, "restore", wrong, "--replace")
    assert done.returncode == 1
    assert "合いません（desk_count）" in done.stderr
    with psycopg.connect(desk.database) as connection:
        assert connection.execute("SELECT kept FROM mark").fetchone() == (7,)
        assert connection.execute("SELECT count(*) FROM django_migrations").fetchone() != (0,)
        schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'before%'"
        assert connection.execute(schemas).fetchone() == (0,)


@pytest.mark.slow
@on_postgresql
def test_both_databases_are_put_back_or_neither(desk: Desk, trackers: str, tmp_path: Path) -> None:
    surroundings = {"RASA_TRACKER_DB": trackers}
    file = taken(desk, **surroundings)
    with psycopg.connect(trackers, autocommit=True) as connection:
        connection.execute("UPDATE events SET data = '消した'")
    with changed_rows(file, tmp_path) as wrong:
        done = backup(desk, "restore", wrong, "--replace", **surroundings)
    assert "合いません（desk_count）" in done.stderr
    with psycopg.connect(trackers) as connection:
        assert connection.execute("SELECT DISTINCT data FROM events").fetchall() == [("消した",)]
        schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'before%'"
        assert connection.execute(schemas).fetchone() == (0,)


@pytest.mark.slow
@on_postgresql
def test_one_database_for_desk_and_rasa_is_backed_up_once(desk: Desk) -> None:
    surroundings = {"RASA_TRACKER_DB": desk.database}
    file = taken(desk, **surroundings)
    with tarfile.open(file) as tar:
        assert "desk.dump" in tar.getnames() and "rasa.dump" not in tar.getnames()
    done = backup(desk, "restore", file, "--replace", **surroundings)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def changed_rows(file: Path, folder: Path) -> Iterator[Path]:
    """The backup with a manifest that tells of rows that are not there."""
    with tarfile.open(file) as tar:
        tar.extractall(folder / "parts", filter="data")
    manifest = json.loads((folder / "parts" / "manifest.json").read_bytes())
    manifest["parts"]["desk.dump"]["rows"]["desk_count"] = 1
    (folder / "parts" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with tarfile.open(folder / "wrong.tar", "w") as tar:
        for part in (folder / "parts").iterdir():
            tar.add(part, part.name)
    yield folder / "wrong.tar"


@pytest.mark.slow
@on_postgresql
def test_missing_pg_dump_and_a_missing_server_are_named(desk: Desk) -> None:
    done = backup(desk, "create", "--to", desk.folder, PATH="/nowhere")
    assert done.returncode == 1
    assert "pg_dump がありません" in done.stderr
    gone = {"DATABASE_URL": "postgresql://root:s3cret@127.0.0.1:1/desk"}
    done = backup(desk, "create", "--to", desk.folder, **gone)
    assert done.returncode == 1
    assert "データベースにつながりません" in done.stderr
    assert "s3cret" not in done.stderr
    assert not [file for file in desk.folder.iterdir() if file.name.startswith("desk-")]


@pytest.mark.slow
@on_sqlite
def test_file_of_sqlite_comes_back_whole_and_damage_is_noticed(desk: Desk) -> None:
    path = Path(desk.database.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mark AS SELECT 7 AS kept")
    file = taken(desk)
    path.unlink()
    assert "すでにデータ" not in backup(desk, "restore", file).stderr
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT kept FROM mark").fetchone() == (7,)
    assert "すでにデータがあります" in backup(desk, "restore", file).stderr
    described = backup(desk, "verify", file).stdout
    assert "desk.dump" in described and "table.json" in described
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    done = backup(desk, "restore", file, "--replace")
    assert done.returncode == 1
    assert "壊れています" in done.stderr
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT kept FROM mark").fetchone() == (7,)


@pytest.mark.slow
@on_sqlite
def test_file_of_sqlite_that_a_program_has_open_is_not_replaced(desk: Desk) -> None:
    file = taken(desk)
    path = Path(desk.database.removeprefix("sqlite:///"))
    # Between two messages: nothing is being read or written.
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA journal_mode=WAL'); c.execute('CREATE TABLE mark (kept)');"
        "print('open', flush=True); input(); c.execute('INSERT INTO mark VALUES (7)')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        done = backup(desk, "restore", file, "--replace")
        assert done.returncode == 1
        assert "ほかのプログラムが使っています" in done.stderr
        holder.communicate(b"\n")
    assert holder.returncode == 0
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT kept FROM mark").fetchone() == (7,)
    assert backup(desk, "restore", file, "--replace").returncode == 0
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert "mark" not in str(connection.execute("SELECT name FROM sqlite_master").fetchall())
    # Who cannot be opened at all is used by nobody.
    path.write_bytes(b"no database" * 1000)
    done = backup(desk, "restore", file, "--replace")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@on_sqlite
def test_running_desk_keeps_its_file(desk: Desk) -> None:
    desk.start()
    desk.post("before", "1", "前の質問")
    file = taken(desk)
    assert "ほかのプログラムが使っています" in backup(desk, "restore", file, "--replace").stderr
    assert desk.accepts("after", "2", "後の質問")
    check_one_answer_each(desk, "after", ["後の質問"])


@pytest.mark.slow
@on_sqlite
def test_production_wants_its_backups_sealed_and_only_the_key_opens_them(desk: Desk) -> None:
    done = backup(desk, "create", "--to", desk.folder, DESK_PRODUCTION="1")
    assert "DESK_BACKUP_RECIPIENT に公開鍵を" in done.stderr
    done = backup(desk, "create", "--to", desk.folder, DESK_BACKUP_RECIPIENT="age1x")
    assert "age の公開鍵" in done.stderr
    one, other = desk.folder / "one", desk.folder / "other"
    public = backup(desk, "key", one).stdout.strip()
    backup(desk, "key", other)
    assert one.stat().st_mode & 0o077 == 0
    assert "ファイルを読み書きできません" in backup(desk, "key", one).stderr, (
        "no key is written over"
    )
    told = desk.folder / "desk_backup.prom"
    file = taken(desk, "--metric", str(told), DESK_BACKUP_RECIPIENT=public)
    assert re.fullmatch(r"desk_backup_timestamp_seconds \d{10}\n", told.read_text())
    assert "この秘密鍵では開けません" in backup(desk, "verify", file, "--identity", other).stderr
    assert backup(desk, "verify", file, "--identity", one).returncode == 0
    assert [p.name for p in (desk.folder / "backups").iterdir()] == [file.name], (
        "nothing unsealed is left lying"
    )
