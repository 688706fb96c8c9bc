"""What keeps an administrator from cutting off the machine by mistake."""

from __future__ import annotations

from collections.abc import Iterable

from osmia.errors import UsageError
from osmia.monitor.host import Protected
from osmia.monitor.model import Network

__all__ = ["check_block"]


def check_block(network: Network, protected: Iterable[Protected], *, force: bool) -> None:
    """Refuse to block what the machine needs. Raises UsageError.

    `force` permits all but a default route, and what covers half of a family.
    """
    if network.prefixlen <= 1:
        raise UsageError(
            f"{network} is half of all addresses or more and is never blocked", "give smaller networks"
        )
    if force:
        return
    for entry in protected:
        if entry.address.version == network.version and entry.address in network:
            raise UsageError(
                f"{network} is not blocked: it covers {entry.address}, and {entry.because}",
                "give --force if that is meant",
            )
