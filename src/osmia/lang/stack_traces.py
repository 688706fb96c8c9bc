"""Stack traces as kernel functions see them: the kernel walks the stack, the program gets a number for it."""

from __future__ import annotations

from errno import EEXIST, EFAULT

from osmia.lang.integers import i64, u32, u64
from osmia.lang.maps import Map
from osmia.lang.runtime import UpdateFlags
from osmia.lang.tracing import TaskContext
from osmia.uapi import MapType

__all__ = ["StackTrace"]

_DEEPEST = 127
"""sysctl kernel.perf_event_max_stack, unless it was changed."""


class StackTrace(Map):
    """BPF_MAP_TYPE_STACK_TRACE: call stacks by the number that they were given. Since Linux 4.6.

    `max_entries` is rounded up to a power of two, and `depth` is the most frames that are kept of a stack,
    the innermost first. For tracing programs. User space reads frames with their symbols: `bpf[stacks][id]`.
    """

    map_type = MapType.STACK_TRACE

    def __init__(self, *, max_entries: int, depth: int = _DEEPEST) -> None:
        if not 1 <= depth <= _DEEPEST:
            raise ValueError(f"depth must be 1 to {_DEEPEST}, not {depth}")
        super().__init__(u32, None, max_entries)
        self.depth = depth

    @property
    def value_size(self) -> int:
        """An address of 8 bytes for each frame."""
        return 8 * self.depth

    @property
    def places(self) -> int:
        """How many stacks the kernel has room for."""
        return 1 << (self.max_entries - 1).bit_length()

    def capture_kernel(self, ctx: TaskContext) -> i64:
        """The number of the kernel's stack here, the same for the same stack.

        Negative where there is none: -EFAULT (14) without a stack, -EEXIST (17) where another stack has the
        place that its hash falls on; `del bpf[stacks][id]` makes room.
        """
        return self._capture(ctx.kernel_stack)

    def capture_user(self, ctx: TaskContext) -> i64:
        """As `capture_kernel`, of the interrupted task's own stack, as far as it has frame pointers."""
        return self._capture(ctx.user_stack)

    def _capture(self, addresses: tuple[int, ...]) -> i64:
        frames = addresses[: self.depth]
        if not frames:
            return i64(-EFAULT)
        trace = b"".join(u64(address).to_bytes() for address in frames).ljust(self.value_size, b"\0")
        key = u32(hash(frames) % self.places)
        storage = self._storage()
        found = storage.lookup(key.to_bytes())
        if found is not None:
            return i64(int(key)) if bytes(found) == trace else i64(-EEXIST)
        storage.update(key.to_bytes(), trace, UpdateFlags.ANY)
        return i64(int(key))

    def __repr__(self) -> str:
        return f"StackTrace(max_entries={self.max_entries}, depth={self.depth})"
