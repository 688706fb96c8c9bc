"""Questions about what is no member of an enumeration of the kernel."""

from enum import Enum

from osmia import XdpAction, XdpContext, enum_value, enum_value_exists, kernel_enum, u32, xdp


@kernel_enum("bpf_map_type")
class MapType(u32, Enum):
    BPF_MAP_TYPE_HASH = 1


class Plain(u32, Enum):
    ONE = 1


@xdp
def program(ctx: XdpContext) -> XdpAction:
    kind = MapType.BPF_MAP_TYPE_HASH
    if enum_value_exists(kind) or enum_value_exists(Plain.ONE) or enum_value_exists(MapType.ONE):
        return XdpAction.DROP
    if enum_value(MapType.BPF_MAP_TYPE_HASH) == u32(1):
        return XdpAction.DROP
    enum_value(MapType.BPF_MAP_TYPE_HASH, 1)
    return XdpAction.PASS
