"""What timers call: functions of the key and the value of the entry that holds the timer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Generic, TypeGuard, TypeVar, overload

from osmia.lang.integers import u32
from osmia.lang.maps import ArrayMap, HashMap, Map
from osmia.lang.memory import fields_of
from osmia.lang.timers import Timer

__all__ = ["TimerCallback", "is_timer_callback", "timer_callback"]

K = TypeVar("K")
V = TypeVar("V")


class TimerCallback(Generic[K, V]):
    """What a timer calls: made by `timer_callback`; here it runs as plain Python."""

    def __init__(self, function: Callable[[K, V], None], declaration: Map) -> None:
        self.function = function
        self.name = function.__name__
        self.map = declaration
        """The map whose values hold the timers."""
        functools.update_wrapper(self, function)

    def __call__(self, key: K, value: V) -> None:
        self.function(key, value)

    def __repr__(self) -> str:
        return f"<TimerCallback {self.name}>"


@overload
def timer_callback(
    declaration: ArrayMap[V],
) -> Callable[[Callable[[u32, V], None]], TimerCallback[u32, V]]: ...
@overload
def timer_callback(
    declaration: HashMap[K, V],
) -> Callable[[Callable[[K, V], None]], TimerCallback[K, V]]: ...
def timer_callback(declaration: Map) -> Any:
    """Declare what the timers in a map's values call: a function of a key and a value, which gives nothing.

    The key is a copy, the value is in place, as from `lookup`. The function has no context.

    Raises TypeError where the map's values have no `Timer`.
    """
    if fields_of(declaration.value_type, Timer) != 1:
        raise TypeError(f"{declaration}: its values have no Timer that could call this")

    def declare(function: Callable[[Any, Any], None]) -> TimerCallback[Any, Any]:
        return TimerCallback(function, declaration)

    return declare


def is_timer_callback(value: object) -> TypeGuard[TimerCallback[Any, Any]]:
    """Whether a value is what a timer calls."""
    return isinstance(value, TimerCallback)
