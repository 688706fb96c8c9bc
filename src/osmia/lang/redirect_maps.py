"""Maps that XDP programs send frames to: interfaces, processors and AF_XDP sockets."""

from __future__ import annotations

from typing import Any

from osmia.lang.actions import XdpAction
from osmia.lang.integers import u32, u64
from osmia.lang.maps import Map
from osmia.uapi import MapType

__all__ = ["CpuMap", "DevMap", "DevMapHash", "RedirectMap", "XskMap"]


class RedirectMap(Map):
    """Base of the maps that frames are sent to; user space says what is under each number."""

    def __init__(self, *, max_entries: int) -> None:
        super().__init__(u32, u32 if self.map_type is MapType.XSKMAP else u64, max_entries)

    def redirect(self, key: u32 | int, otherwise: XdpAction = XdpAction.ABORTED) -> XdpAction:
        """Send the frame to what is under a number, when the program returns this verdict (bpf_redirect_map).

        `otherwise` is the verdict where nothing is there, since Linux 5.3: ABORTED, DROP, PASS or TX.
        """
        there = self._storage().lookup(self.encode_key(_number(key))) is not None
        return XdpAction.REDIRECT if there else otherwise


def _number(key: Any) -> u32:
    return u32(int(key))


class DevMap(RedirectMap):
    """BPF_MAP_TYPE_DEVMAP: interfaces by index. Since Linux 4.14; with programs at them, 5.8.

        ports = DevMap(max_entries=8)

        @xdp
        def forward(ctx: XdpContext) -> XdpAction:
            return ports.redirect(0, XdpAction.PASS)

    User space: `bpf[ports][0] = interface_index`.
    """

    map_type = MapType.DEVMAP


class DevMapHash(RedirectMap):
    """BPF_MAP_TYPE_DEVMAP_HASH: interfaces by any number, such as their own index. Since Linux 5.4."""

    map_type = MapType.DEVMAP_HASH


class CpuMap(RedirectMap):
    """BPF_MAP_TYPE_CPUMAP: processors that go on with a frame. Since Linux 4.15; with programs, 5.9.

    User space: `bpf[processors][1] = 512`, the number of frames that may wait there.
    """

    map_type = MapType.CPUMAP


class XskMap(RedirectMap):
    """BPF_MAP_TYPE_XSKMAP: AF_XDP sockets by index, which get the frame. Since Linux 4.18.

    User space: `bpf[sockets][0] = socket`.
    """

    map_type = MapType.XSKMAP
