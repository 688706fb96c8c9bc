"""Drop packets of blocked IPv4 source addresses."""

import sys
import time
from contextlib import suppress

import osmia
from osmia import HashMap, XdpAction, XdpContext, u32, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

blocklist = HashMap(IPv4Address, u32, max_entries=1024)


@xdp
def xdp_firewall(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is not None and ip.src_addr in blocklist:
        return XdpAction.DROP
    return XdpAction.PASS


def main(interface: str, *addresses: str) -> None:
    with osmia.load(xdp_firewall) as bpf:
        for address in addresses:
            bpf[blocklist][IPv4Address(address)] = u32(1)
        bpf[xdp_firewall].attach(interface)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
