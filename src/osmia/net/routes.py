"""What `fib_lookup` is asked with and answers into: struct bpf_fib_lookup of the kernel, flattened."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from osmia.lang import Array, be16, be32, i64, struct, u8, u16, u32
from osmia.net.addresses import MacAddress

__all__ = ["FibLookup", "FibResult"]


class FibResult(i64, Enum):
    """The answers of `fib_lookup` that are no error numbers (enum BPF_FIB_LKUP_RET_*)."""

    SUCCESS = 0
    BLACKHOLE = 1
    UNREACHABLE = 2
    PROHIBIT = 3
    NOT_FORWARDED = 4
    FORWARDING_DISABLED = 5
    UNSUPPORTED_TUNNEL = 6
    NO_NEIGHBOUR = 7
    FRAGMENTATION_NEEDED = 8
    NO_SOURCE_ADDRESS = 9


@struct
class FibLookup:
    """A route that is looked up, then the route that was found; 64 bytes.

    Fill in the packet's side, with the addresses as 32-bit words: the first of four for IPv4. Afterwards
    `ifindex` is where the packet leaves, and the hardware addresses are those of its next frame.

        route = FibLookup(family=u8(2), total_length=u16(ip.total_length), ifindex=ctx.ingress_ifindex)
        route.source[0] = be32(ip.src_addr)
        route.destination[0] = be32(ip.dst_addr)
        if fib_lookup(ctx, route, 0) == FibResult.SUCCESS:
            eth.dst_addr = route.destination_mac
    """

    family: u8
    """AF_INET (2) or AF_INET6 (10)."""
    protocol: u8 = u8(0)
    source_port: be16 = be16(0)
    destination_port: be16 = be16(0)
    total_length: u16 = u16(0)
    """Bytes of the packet from its network header on; the MTU of the route where the packet is too long."""
    ifindex: u32 = u32(0)
    flow: u32 = u32(0)
    """IPv4: the type of service in the first byte; IPv6: the flow information. Afterwards the metric."""
    source: Array[be32, Literal[4]] = Array[be32, Literal[4]]()
    destination: Array[be32, Literal[4]] = Array[be32, Literal[4]]()
    vlan_protocol: be16 = be16(0)
    vlan_tag: be16 = be16(0)
    source_mac: MacAddress = MacAddress()
    destination_mac: MacAddress = MacAddress()
