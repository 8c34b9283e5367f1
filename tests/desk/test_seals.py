"""What is sealed opens with its key, at its place, and nowhere else."""

from __future__ import annotations

import pytest

from desk.seals.keys import BrokenSealError, Key, Keyring, MissingKeyError, key_of

WORDS = "唇が切れて痛いです😢"
OLD, NEW = Key("old", bytes(range(32))), Key("new-2", bytes(range(32, 64)))
PLACE = ("conversations_message", "text", "7", "1")


def test_sealed_text_opens_at_its_place_and_looks_otherwise_each_time() -> None:
    ring = Keyring((OLD,))
    first, second = ring.seal(WORDS, PLACE), ring.seal(WORDS, PLACE)
    assert first != second
    assert first.isascii()
    assert ring.open(first, PLACE) == ring.open(second, PLACE) == WORDS


@pytest.mark.parametrize(
    "place",
    [
        ("conversations_message", "text", "8", "1"),
        ("conversations_message", "text", "7", "2"),
        ("conversations_message", "text", "71"),
        ("conversations_message", "mentions", "7", "1"),
        ("conversations_reply", "text", "7", "1"),
    ],
)
def test_what_is_moved_elsewhere_does_not_open(place: tuple[str, ...]) -> None:
    ring = Keyring((OLD,))
    with pytest.raises(BrokenSealError, match=f"{place[0]}.{place[1]}"):
        ring.open(ring.seal(WORDS, PLACE), place)


def test_what_is_changed_or_was_never_sealed_does_not_open() -> None:
    ring = Keyring((OLD, NEW))
    sealed = ring.seal(WORDS, PLACE)
    other = "B" if sealed[-5] == "A" else "A"
    for broken in (
        sealed[:-5] + other + sealed[-4:], sealed[:-4], sealed.replace("old", "new-2"), WORDS,
        "seal1.", "seal1.old.", "seal1.old.…", "",
    ):  # fmt: skip
        with pytest.raises(BrokenSealError):
            ring.open(broken, PLACE)


def test_after_a_change_of_keys_the_new_one_seals_and_the_old_one_still_opens() -> None:
    before, after = Keyring((OLD,)), Keyring((NEW, OLD))
    assert after.open(before.seal(WORDS, PLACE), PLACE) == WORDS
    sealed = after.seal(WORDS, PLACE)
    assert key_of(sealed) == "new-2"
    assert Keyring((NEW,)).open(sealed, PLACE) == WORDS
    with pytest.raises(MissingKeyError, match="鍵「new-2」がないため"):
        before.open(sealed, PLACE)


def test_key_of_the_same_name_with_other_bytes_does_not_open() -> None:
    sealed = Keyring((OLD,)).seal(WORDS, PLACE)
    with pytest.raises(BrokenSealError):
        Keyring((Key("old", NEW.secret),)).open(sealed, PLACE)
