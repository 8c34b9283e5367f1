"""Addresses that the internet does not reach, and this machine's own among them."""

from __future__ import annotations

import ipaddress
import socket

from core.locale import sentence

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Networks that are not the internet: this machine (loopback), and private ones (RFC 1918, RFC 4193).
INTERNAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
    )
)  # fmt: skip
_ANY_PORT = 9


class NotInternalError(ValueError):
    """A program is told to listen where it must not, or cannot; the message says so, in Japanese."""


def is_internal(address: IPAddress) -> bool:
    """Whether an address is of no use on the internet.

    Args:
        address: which.
    """
    return any(address in network for network in INTERNAL)


def own_address(value: str) -> IPAddress:
    """The numeric address that a value means.

    Args:
        value: an address, or a network such as 10.83.1.0/24: then this machine's address in it. A
            container is given another address at each start, its network stays the same.

    Raises:
        ValueError: it is neither.
        OSError: this machine has no address in that network.
    """
    if "/" not in value:
        return ipaddress.ip_address(value)
    network = ipaddress.ip_network(value)
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: the machine only says from which of its addresses it would be.
        probe.connect((str(network[1]), _ANY_PORT))
        own = ipaddress.ip_address(probe.getsockname()[0])
    if own not in network:
        raise OSError(f"{own} is not in {network}")
    return own


def internal_host(name: str, value: str) -> str:
    """Where a server listens that only the desk may reach.

    Args:
        name: the variable that says so.
        value: its value, as for ``own_address``.

    Returns:
        A numeric address.

    Raises:
        NotInternalError: the internet may reach it, or it is none of this machine's.
    """
    try:
        address = own_address(value)
    except ValueError as error:
        raise NotInternalError(
            sentence("settings.not_an_internal_host", name=name, value=value)
        ) from error
    except OSError as error:
        raise NotInternalError(
            sentence("settings.not_in_network", name=name, value=value)
        ) from error
    if not is_internal(address):
        raise NotInternalError(sentence("settings.not_an_internal_host", name=name, value=value))
    return str(address)
