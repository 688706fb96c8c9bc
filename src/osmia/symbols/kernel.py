"""Functions of the running kernel and its modules, from /proc/kallsyms."""

from __future__ import annotations

import logging
from array import array
from bisect import bisect_right
from pathlib import Path

from osmia.symbols.frame import Frame

__all__ = ["KernelSymbols"]

_LARGEST = 256 << 20
"""Bytes that are read of /proc/kallsyms; a kernel with all modules loaded has some 20 MB."""
_LONGEST_FUNCTION = 1 << 20
"""Bytes: an address so far behind the last function before it is in none."""
_CODE = frozenset("tTwW")

_logger = logging.getLogger("osmia.symbols")


class KernelSymbols:
    """The kernel's functions, read at the first question.

    `proc` is where procfs is mounted. Where the kernel hides its addresses from this process, frames have
    addresses only; a warning says so once, and `why_hidden` says why.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._addresses: array[int] | None = None
        self._names: list[str] = []
        self.why_hidden = ""
        """Why no address has a name; empty where they have, or nobody has asked yet."""

    def resolve(self, address: int) -> Frame:
        """The function that an address lies in."""
        if self._addresses is None:
            self._addresses = self._read()
            if self.why_hidden:
                _logger.warning("kernel stacks have no symbols: %s", self.why_hidden)
        index = bisect_right(self._addresses, address) - 1
        if index < 0 or address - self._addresses[index] >= _LONGEST_FUNCTION:
            return Frame(address)
        name, _, module = self._names[index].partition("\t")
        return Frame(address, name, address - self._addresses[index], module.strip("[]"))

    def _read(self) -> array[int]:
        try:
            with (self._proc / "kallsyms").open("rb") as file:
                data = file.read(_LARGEST)
        except OSError as error:
            self.why_hidden = f"/proc/kallsyms cannot be read ({error.strerror})"
            return array("Q")
        found: list[tuple[int, str]] = []
        for line in data.decode(errors="replace").splitlines():
            address, kind, name = (*line.split(" ", 2), "", "")[:3]
            if kind in _CODE and len(address) == 16:
                try:
                    found.append((int(address, 16), name))
                except ValueError:
                    continue
        if not any(address for address, _ in found):
            self.why_hidden = self._explain() if found else "/proc/kallsyms has no functions"
            return array("Q")
        found.sort(key=lambda each: each[0])
        self._names = [name for _, name in found]
        return array("Q", (address for address, _ in found))

    def _explain(self) -> str:
        """What hides the addresses (kallsyms_show_value() in kernel/ksyms_common.c)."""
        try:
            restriction = (self._proc / "sys/kernel/kptr_restrict").read_text().strip()
        except OSError:
            restriction = "?"
        if restriction not in ("0", "1", "?"):
            return (
                f"kernel.kptr_restrict is {restriction}, which hides addresses from everybody; "
                "set it to 1 and run as root"
            )
        return "their addresses are hidden from this user; run as root or with CAP_SYSLOG"
