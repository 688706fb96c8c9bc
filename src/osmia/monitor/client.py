"""What other processes ask of the running monitor."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from osmia.errors import UsageError
from osmia.monitor.control import NoMonitorError, control_socket_path, request
from osmia.monitor.json_values import as_list, as_object
from osmia.monitor.lists.bulk import ListImport
from osmia.monitor.lists.matching import Verdict
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import Address, Network, RuleAction

__all__ = ["MonitorClient"]

SYSTEM_SOCKET = Path("/run/osmia/monitor.sock")


class MonitorClient:
    """The monitor at a control socket; without one given, the user's own, else that of root.

    All methods raise NoMonitorError where none runs, UsageError where it refuses.
    """

    def __init__(self, control: str | None = None) -> None:
        self._control = control

    def top(self, limit: int) -> dict[str, object]:
        """The last snapshot, with at most so many sources and connections."""
        return as_object(self._ask({"command": "top", "limit": limit}).get("snapshot")) or {}

    def rules(self) -> list[dict[str, object]]:
        """All rules, with what they dropped."""
        rules = as_list(self._ask({"command": "list"}).get("rules")) or []
        return [as_object(rule) or {} for rule in rules]

    def add(self, rule: Rule) -> str:
        """Put a rule in force; what was done, in words."""
        return str(self._ask({"command": "add", "rule": rule.to_json()}).get("message"))

    def remove(self, action: RuleAction, network: Network) -> str:
        """Take a rule out of force; what was done, in words."""
        answer = self._ask({"command": "del", "action": action.value, "network": str(network)})
        return str(answer.get("message"))

    def import_rules(self, given: ListImport) -> str:
        """Put all entries of a list in force, or none; what was done, in words."""
        return str(self._ask({"command": "import", "import": given.to_json()}).get("message"))

    def test(self, address: Address) -> Verdict:
        """Which rules an address meets."""
        answer = self._ask({"command": "test", "address": str(address)})
        return Verdict.from_json(address, as_object(answer.get("verdict")) or {})

    def preview(self, network: Network) -> dict[str, object]:
        """What blocking a network would have cut."""
        answer = self._ask({"command": "preview", "network": str(network)})
        return as_object(answer.get("preview")) or {}

    def _ask(self, content: Mapping[str, object]) -> dict[str, object]:
        path = self._own_path()
        try:
            return request(path, content)
        except NoMonitorError:
            explicit = self._control or os.environ.get("OSMIA_CONTROL")
            if explicit or path == SYSTEM_SOCKET or not SYSTEM_SOCKET.exists():
                raise
            return request(SYSTEM_SOCKET, content)

    def _own_path(self) -> Path:
        try:
            return control_socket_path(self._control)
        except UsageError:
            return SYSTEM_SOCKET
