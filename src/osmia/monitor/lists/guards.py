"""What keeps an administrator from cutting off the machine by mistake."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from osmia.errors import UsageError
from osmia.monitor.host import Protected
from osmia.monitor.model import Network

__all__ = ["check_block"]

MAPPED_IPV4 = ipaddress.IPv6Network("::ffff:0:0/96")


def check_block(network: Network, protected: Iterable[Protected], *, force: bool) -> None:
    """Refuse to block what the machine needs. Raises UsageError.

    `force` permits all but a default route, and what covers half of a family.
    """
    if network.prefixlen <= 1:
        raise UsageError(
            f"{network} is half of all addresses or more and is never blocked", "give smaller networks"
        )
    if network.version == 6 and MAPPED_IPV4.subnet_of(network):
        raise UsageError(
            f"{network} holds {MAPPED_IPV4}, which stands for all of IPv4, and is never blocked",
            "give smaller networks",
        )
    if force:
        return
    for entry in protected:
        if entry.address.version == network.version and entry.address in network:
            raise UsageError(
                f"{network} is not blocked: it covers {entry.address}, and {entry.because}",
                "give --force if that is meant",
            )
