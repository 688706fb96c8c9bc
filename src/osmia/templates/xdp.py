"""Count received packets by IPv4 source address, and drop those of blocked addresses."""

import sys
import time

import osmia
from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

packets = HashMap(IPv4Address, u64, max_entries=10240)
blocked = HashMap(IPv4Address, u32, max_entries=1024)


@xdp
def watch(ctx: XdpContext) -> XdpAction:
    """Runs for each frame that an interface receives."""
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return XdpAction.PASS
    packets[ip.src_addr] += 1
    return XdpAction.DROP if ip.src_addr in blocked else XdpAction.PASS


def main(interface: str, *addresses: str) -> None:
    """Attach to an interface, block the addresses, and show the counts each second."""
    with osmia.load(watch) as bpf:
        for address in addresses:
            bpf[blocked][IPv4Address(address)] = u32(1)
        bpf[watch].attach(interface)
        while True:
            time.sleep(1)
            for source, count in bpf[packets].items():
                print(f"{source}: {count} packets")


if __name__ == "__main__":
    main(*sys.argv[1:])
