"""What grows too fast is told from what grows with the length."""

from __future__ import annotations

import re

import pytest

from tests.growth import check_growth


def test_work_that_grows_with_the_length_passes() -> None:
    check_growth(lambda length: re.search("a{1,20}b", "a" * length), 40_000)


def test_work_that_grows_with_the_square_of_the_length_is_told() -> None:
    with pytest.raises(AssertionError, match="8 times the length takes"):
        check_growth(lambda length: re.search("a+b", "a" * length), 8_000)
