"""Show the IPv4 packets of one source, as a packet socket gets them: the rest stays in the kernel."""

import socket
import sys

import osmia
from osmia import Constant, SocketFilterContext, socket_filter, u32
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

ETH_P_ALL, HEADER_SIZE = 3, 14

source = Constant(IPv4Address("192.0.2.7"))
"""Whose packets are wanted."""


@socket_filter
def wanted(ctx: SocketFilterContext) -> u32:
    """Runs for each packet; the result is how many bytes of it the socket gets."""
    eth = ctx.load_bytes(EthHdr, 0)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return u32(0)
    ip = ctx.load_bytes(Ipv4Hdr, HEADER_SIZE)
    if ip is None or ip.src_addr != source.value:
        return u32(0)
    return ctx.length


def main(interface: str, address: str) -> None:
    """Open a packet socket, and show the size of what comes."""
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as packets,
        osmia.load(wanted, constants={source: IPv4Address(address)}) as bpf,
    ):
        bpf[wanted].attach(packets)
        packets.bind((interface, ETH_P_ALL))
        while True:
            print(f"{len(packets.recv(65536))} bytes from {address}")


if __name__ == "__main__":
    main(*sys.argv[1:])
