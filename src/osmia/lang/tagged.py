"""Events of several classes in one buffer: a tag before each says of which one it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from osmia.errors import MalformedError, UsageError
from osmia.lang.memory import Aggregate, Buffer, MemoryCodec, dtype_of, size_of

if TYPE_CHECKING:
    import numpy

__all__ = ["TAG_BYTES", "Run", "TaggedCodec", "codec_of"]

E = TypeVar("E")

TAG_BYTES = 8
"""A u64 before the event: its class's place in the declaration, from 1; so it stays aligned as in C."""

Run = tuple[Buffer, int, int, int, int]
"""Memory, where the first record begins, bytes to the next, how many there are, bytes of each."""


class TaggedCodec(Generic[E]):
    """Bytes to events of several classes and back.

    C sees a record as `struct { __u64 tag; struct name event; }`.
    """

    def __init__(self, classes: Sequence[type[Any]]) -> None:
        """The classes in the order of their tags, all of them structs."""
        for each in classes:
            if not issubclass(each, Aggregate):
                raise TypeError(f"{each.__name__} is no @struct: in a buffer of several classes each is one")
        if len(set(classes)) != len(classes):
            raise TypeError("a class stands twice")
        self.classes = tuple(classes)
        self._sizes = [size_of(each) for each in classes]
        self.size = TAG_BYTES + min(self._sizes)
        """Bytes of the shortest record."""

    def tag_of(self, event_class: type[Any]) -> int:
        """The tag of a class; UsageError for one that is not of this buffer."""
        if event_class not in self.classes:
            names = ", ".join(each.__name__ for each in self.classes)
            raise UsageError(f"{event_class.__name__} is no event of this buffer", f"its classes are {names}")
        return self.classes.index(event_class) + 1

    def encode(self, value: E) -> bytes:
        """The tag and the bytes of an event."""
        return self.tag_of(type(value)).to_bytes(TAG_BYTES, "little") + bytes(cast("Aggregate", value))

    def decode(self, buffer: bytes | Buffer) -> E:
        """The event behind the tag in the first bytes of `buffer`, a copy."""
        data = bytearray(buffer)
        return next(self.decode_run(data, 0, len(data), 1, len(data)))

    def decode_run(self, data: bytearray, start: int, stride: int, count: int, length: int, /) -> Iterator[E]:
        """Events as windows on `data`; MalformedError, before the first one, where a tag is none of ours."""
        places = range(start, start + count * stride, stride)
        tags = [int.from_bytes(data[place : place + TAG_BYTES], "little") for place in places]
        for tag in set(tags):
            self._check(tag, length)
        classes = cast("tuple[Any, ...]", self.classes)
        return (
            classes[tag - 1].view(data, place + TAG_BYTES) for tag, place in zip(tags, places, strict=True)
        )

    def dtype(self) -> numpy.dtype[Any]:
        """None: the classes have different columns."""
        raise UsageError("the events are of several classes", "call read_columns_by_class()")

    def columns(self, runs: Iterable[Run]) -> dict[type[Any], numpy.ndarray[Any, Any]]:
        """The events as one structured array for each class, copied; MalformedError for a tag of none."""
        import numpy

        parts: dict[type[Any], list[numpy.ndarray[Any, Any]]] = {each: [] for each in self.classes}
        for data, start, stride, count, length in runs:
            tags = numpy.ndarray((count,), "<u8", data, start, (stride,))
            for tag in numpy.unique(tags):
                self._check(int(tag), length)
                event_class = self.classes[int(tag) - 1]
                # numpy copies bytes faster than it copies field by field.
                opaque = numpy.dtype((numpy.void, self._sizes[int(tag) - 1]))
                events = numpy.ndarray((count,), opaque, data, start + TAG_BYTES, (stride,))
                parts[event_class].append(events[tags == tag])
        return {
            each: (numpy.concatenate(found).view(dtype_of(each)) if found else numpy.empty(0, dtype_of(each)))
            for each, found in parts.items()
        }

    def _check(self, tag: int, length: int) -> None:
        if not 1 <= tag <= len(self.classes):
            raise MalformedError("event", f"the tag {tag}, where there are {len(self.classes)} classes")
        needed = TAG_BYTES + self._sizes[tag - 1]
        if length < needed:
            raise MalformedError("event", f"{length} bytes where {needed} are expected")


def codec_of(classes: Sequence[type[Any]]) -> MemoryCodec[Any] | TaggedCodec[Any]:
    """The codec of a buffer's events: without a tag where all are of one class."""
    return MemoryCodec(classes[0]) if len(classes) == 1 else TaggedCodec(classes)
