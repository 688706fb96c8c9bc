"""Timers of a simulation: what is to be called, and when the clock has come there."""

from __future__ import annotations

from typing import Any

from osmia.dataclass import dataclass
from osmia.errors import UsageError
from osmia.lang import Pointer, TimerCallback
from osmia.lang.memory import Aggregate, Buffer, decode
from osmia.simulator.storage import EntryStorage

__all__ = ["PendingTimer", "Timers"]


@dataclass(frozen=True)
class PendingTimer:
    """A timer that runs: when it is due, where it lies, and what it calls with the entries of which map."""

    due: int
    number: int
    place: Buffer
    offset: int
    callback: TimerCallback[Any, Any]
    storage: EntryStorage

    @property
    def is_in_place(self) -> bool:
        """Whether its entry is still there and was not replaced."""
        own = int.from_bytes(self.place[self.offset : self.offset + 8], "little")
        return own == self.number and self.storage.key_of(self.place) is not None

    def fire(self) -> None:
        """Call back."""
        key = self.storage.key_of(self.place)
        declaration = self.callback.map
        assert key is not None
        assert declaration.key_type is not None
        assert declaration.value_type is not None
        value_type: type[Any] = declaration.value_type
        in_place = issubclass(value_type, Aggregate)
        value: object = value_type.view(self.place) if in_place else Pointer(value_type, self.place)
        self.callback(decode(declaration.key_type, key), value)


class Timers:
    """All timers of a simulation. A timer's own memory holds its number, so that a copy of it is no timer."""

    def __init__(self) -> None:
        self._pending: dict[int, PendingTimer] = {}
        self._last = 0

    def start(
        self, due: int, place: Buffer, offset: int, callback: TimerCallback[Any, Any], storage: EntryStorage
    ) -> None:
        """Start a timer, or start it anew; UsageError where it is not in the map of its callback."""
        if storage.key_of(place) is None:
            raise UsageError(
                f"{callback.name} is for the timers of another map",
                "start a timer of an entry that `lookup` of the callback's map gave",
            )
        self.cancel(place, offset)
        self._last += 1
        place[offset : offset + 8] = self._last.to_bytes(8, "little")
        self._pending[self._last] = PendingTimer(due, self._last, place, offset, callback, storage)

    def cancel(self, place: Buffer, offset: int) -> bool:
        """Stop a timer; whether it was running."""
        number = int.from_bytes(place[offset : offset + 8], "little")
        found = self._pending.get(number)
        if found is None or found.place is not place or found.offset != offset:
            return False
        del self._pending[number]
        return True

    def take_due(self, now: int) -> PendingTimer | None:
        """The timer that is due first, taken out; timers of entries that are gone are dropped."""
        while self._pending:
            first = min(self._pending.values(), key=lambda timer: (timer.due, timer.number))
            if first.due > now:
                return None
            del self._pending[first.number]
            if first.is_in_place:
                return first
        return None
