"""Defaults of fields that are plain numbers, or structs with values, were lost."""

from typing import Literal

from osmia import Array, HashMap, XdpAction, XdpContext, i16, struct, u8, u32, u64, xdp


@struct
class Inner:
    small: i16
    wide: u64


@struct
class Record:
    kind: u8 = u8(3)
    inner: Inner = Inner(small=i16(-2), wide=u64(1) << 40)
    digits: Array[u8, Literal[3]] = Array[u8, Literal[3]](u8(1), u8(2), u8(3))
    flag: bool = True


records = HashMap(u32, Record, max_entries=8)


@xdp
def keep(ctx: XdpContext) -> XdpAction:
    records[u32(1)] = Record()
    records[u32(2)] = Record(kind=u8(9), flag=False)
    return XdpAction.PASS
