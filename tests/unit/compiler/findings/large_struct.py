"""More local memory than there is."""

from typing import Literal

from osmia import Array, HashMap, XdpAction, XdpContext, struct, u32, u64, xdp


@struct
class Table:
    numbers: Array[u64, Literal[80]]


tables = HashMap(u32, Table, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    first = Table(numbers=Array[u64, Literal[80]]())
    tables[u32(1)] = first
    return XdpAction.PASS
