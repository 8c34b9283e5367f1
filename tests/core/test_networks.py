"""Where servers may listen that only neighbours reach."""

from __future__ import annotations

import pytest

from core.networks import NotInternalError, internal_host, own_address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("10.83.1.5", "10.83.1.5"),
        ("172.31.0.1", "172.31.0.1"),
        ("192.168.0.10", "192.168.0.10"),
        ("::1", "::1"),
        ("fd00::1", "fd00::1"),
        ("127.0.0.0/8", "127.0.0.1"),
    ],
)
def test_internal_addresses_are_listened_at(value: str, address: str) -> None:
    assert internal_host("RASA_HOST", value) == address


@pytest.mark.parametrize(
    "value",
    [
        "0.0.0.0", "::", "203.0.113.7", "172.32.0.1", "100.64.0.1", "2001:db8::1",
        "::ffff:203.0.113.7", "rasa", "localhost", "", "127.0.0.1:5005", "127.0.0.1/8",
    ],
)  # fmt: skip
def test_what_the_internet_may_reach_is_refused(value: str) -> None:
    with pytest.raises(NotInternalError, match="RASA_HOST は、この機械か院内の網だけから届く"):
        internal_host("RASA_HOST", value)


def test_network_that_this_machine_is_not_in_has_no_address() -> None:
    with pytest.raises(OSError, match=r"unreachable|is not in"):
        own_address("203.0.113.0/24")
    with pytest.raises(NotInternalError, match="この機械の住所がありません"):
        internal_host("ACTIONS_HOST", "10.254.254.0/28")
