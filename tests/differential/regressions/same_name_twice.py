"""Two classes of one name and layout each have their own properties; so have two maps of one name."""

from typing import Any

from osmia import ArrayMap, XdpAction, XdpContext, struct, u32, u64, xdp


def first_class() -> Any:
    @struct
    class Pair:
        left: u32
        right: u32

        @property
        def value(self) -> u64:
            return u64(self.left)

    return Pair


def second_class() -> Any:
    @struct
    class Pair:
        left: u32
        right: u32

        @property
        def value(self) -> u64:
            return u64(self.right) << 1

    return Pair


First = first_class()
Second = second_class()
results = ArrayMap(u64, max_entries=4)


@xdp
def both(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    first = packet.read(First)
    second = packet.read(Second)
    if first is None or second is None:
        return XdpAction.ABORTED
    results[0] = first.value
    results[1] = second.value
    return XdpAction.PASS
