"""Interfaces that are renamed, go away and come back while they are watched."""

from __future__ import annotations

from collections.abc import Callable

from osmia.errors import OsmiaError
from osmia.monitor import kernel
from osmia.monitor.collector import Collector, WatchedInterface
from osmia.monitor.host import interface_index, interface_name

__all__ = ["InterfaceFollower"]


class InterfaceFollower:
    """Looks before each snapshot whether the interfaces are what they were.

    `attach` attaches to an interface by its name, and raises OsmiaError where that cannot be.
    """

    def __init__(
        self,
        collector: Collector,
        attach: Callable[[str], WatchedInterface],
        notice: Callable[[str], None],
    ) -> None:
        self._collector = collector
        self._attach = attach
        self._notice = notice

    def refresh(self) -> None:
        """Follow what has changed since the last time."""
        for interface in self._collector.interfaces:
            name = interface_name(interface.index)
            if name is None:
                self._notice(f"{interface.name} is gone")
                self._attach_again(interface)
            elif name != interface.name:
                self._notice(f"{interface.name} is now {name}")
                self._collector.rename_interface(interface, name)

    def _attach_again(self, gone: WatchedInterface) -> None:
        """Another interface of that name is taken for the same, and counted from zero."""
        index = interface_index(gone.name)
        if index is None:
            return
        slots = {one.index % kernel.INTERFACE_SLOTS for one in self._collector.interfaces if one is not gone}
        try:
            if index % kernel.INTERFACE_SLOTS in slots:
                raise OSError("it would count with another one: start the monitor anew")
            self._collector.replace_interface(gone, self._attach(gone.name))
        except (OsmiaError, OSError) as error:
            self._notice(f"{gone.name} is back, but cannot be watched: {error}")
        else:
            self._notice(f"{gone.name} is back, and is watched again")
