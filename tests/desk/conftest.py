"""Databases, fakes and desks for the tests of this folder."""

from __future__ import annotations

import collections
import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import own_database
from tests.desk.fakes import FakeRasa, FrontEnd
from tests.desk.line_platform import LinePlatform
from tests.desk.running import Desk


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files whose tests start the most desks come first: none of them is left over for the end."""
    desks = collections.Counter(
        item.path for item in items if "database" in getattr(item, "fixturenames", ())
    )
    items.sort(key=lambda item: -desks[item.path])


@pytest.fixture(scope="session")
def migrated_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL database with all tables and nothing in them."""
    with own_database() as url:
        Desk(url, tmp_path_factory.mktemp("migrated"), "http://127.0.0.1:1").manage("migrate")
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated, empty database; PostgreSQL's is a real one."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "desk.sqlite3")
        yield f"sqlite:///{tmp_path / 'desk.sqlite3'}"
        return
    with own_database(request.getfixturevalue("migrated_template")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'desk.sqlite3'}"
        return
    with own_database() as url:
        yield url


@pytest.fixture
def crowd() -> Iterator[None]:
    """One test at a time of those that take many of PostgreSQL's connections, in all processes of pytest."""
    with (Path(tempfile.gettempdir()) / "desk-tests-crowd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class OpenDesk:
    """A desk that runs, with its surroundings; tests that share it have patients of their own."""

    desk: Desk
    rasa: FakeRasa
    front_end: FrontEnd


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def open_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenDesk]:
    """A desk with the ordinary settings, started once for all tests of a file that need no other."""
    with contextlib.ExitStack() as at_end:
        folder = tmp_path_factory.mktemp("open")
        if request.param == "sqlite":
            shutil.copy(request.getfixturevalue("migrated_file"), folder / "desk.sqlite3")
            database = f"sqlite:///{folder / 'desk.sqlite3'}"
        else:
            template = request.getfixturevalue("migrated_template")
            database = at_end.enter_context(own_database(template))
        rasa, front_end = FakeRasa(), FrontEnd()
        at_end.callback(rasa.close)
        at_end.callback(front_end.close)
        desk = Desk(database, folder, rasa.url, front_end.url)
        at_end.callback(desk.close)
        desk.start()
        yield OpenDesk(desk, rasa, front_end)


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    """A data folder whose clinic is no demo."""
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "clinic.yml").write_text("demo: false\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def rasa() -> Iterator[FakeRasa]:
    server = FakeRasa()
    yield server
    server.close()


@pytest.fixture
def front_end() -> Iterator[FrontEnd]:
    server = FrontEnd()
    yield server
    server.close()


@pytest.fixture
def platform() -> Iterator[LinePlatform]:
    server = LinePlatform()
    yield server
    server.close()


@pytest.fixture
def desk(database: str, tmp_path: Path, rasa: FakeRasa, front_end: FrontEnd) -> Iterator[Desk]:
    """A desk with an empty database, not started yet."""
    desk = Desk(database, tmp_path, rasa.url, front_end.url)
    yield desk
    desk.close()
