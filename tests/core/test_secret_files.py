"""Secrets that lie in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.secret_files import SecretFileError, with_files


def test_file_stands_for_its_variable_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    filled = with_files({"DESK_SECRET_FILE": str(tmp_path / "secret"), "DESK_HOSTS": "a"})
    assert filled["DESK_SECRET"] == "s3cret"
    assert filled["DESK_HOSTS"] == "a"


def test_what_is_no_secret_has_no_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x", encoding="utf-8")
    assert "DESK_HOSTS" not in with_files({"DESK_HOSTS_FILE": str(tmp_path / "x")})


def test_missing_file_and_secret_given_twice_are_named(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="DESK_SECRET_FILE のファイル"):
        with_files({"DESK_SECRET_FILE": str(tmp_path / "none")})
    (tmp_path / "bad").write_bytes(b"\xff")
    with pytest.raises(SecretFileError, match="DATABASE_URL_FILE のファイル"):
        with_files({"DATABASE_URL_FILE": str(tmp_path / "bad")})
    with pytest.raises(SecretFileError, match="DESK_SECRET と DESK_SECRET_FILE の両方"):
        with_files({"DESK_SECRET": "a", "DESK_SECRET_FILE": str(tmp_path / "bad")})
