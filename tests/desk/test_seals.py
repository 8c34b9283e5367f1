"""Patients' LINE ids: hidden, found again, and still opened after a change of keys."""

from __future__ import annotations

import pytest
from cryptography.fernet import InvalidToken

from desk.line.seals import Seals

ID = "U4af4980629f0a1b2c3d4e5f60718293a"
OLD, NEW = "o" * 40, "n" * 40


def test_id_is_found_by_a_name_that_does_not_show_it() -> None:
    seals = Seals((OLD,))
    (name,) = seals.names(ID)
    assert seals.names(ID) == [name]
    assert len(name) == 64
    assert ID not in name
    assert Seals((NEW,)).names(ID) != [name]


def test_sealed_id_differs_each_time_and_opens_with_its_key_only() -> None:
    seals = Seals((OLD,))
    first, second = seals.seal(ID), seals.seal(ID)
    assert first != second
    assert ID not in first
    assert seals.open(first) == seals.open(second) == ID
    with pytest.raises(InvalidToken):
        Seals((NEW,)).open(first)


def test_after_a_change_of_keys_the_old_one_is_still_known() -> None:
    before, after = Seals((OLD,)), Seals((NEW, OLD))
    assert after.names(ID)[1:] == before.names(ID)
    assert after.open(before.seal(ID)) == ID
    assert Seals((NEW,)).open(after.seal(ID)) == ID
