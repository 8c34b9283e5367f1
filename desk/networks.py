"""Where a request comes from, as far as it is counted: nobody gets more by having many addresses."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

#: How much of an address is the network, in bits.
_NETWORKS = {4: 24, 6: 56}


def network_of(request: HttpRequest) -> str:
    """The network that a request comes from; several people may share it.

    Args:
        request: behind a proxy, with the address that uvicorn takes from it (``FORWARDED_ALLOW_IPS``).
    """
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return "unknown"
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network((address, _NETWORKS[address.version]), strict=False))
