"""Count packets per IPv4 source address."""

import sys
import time
from contextlib import suppress

import osmia
from osmia import HashMap, XdpAction, XdpContext, log, u64, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

packet_count = HashMap(IPv4Address, u64, max_entries=1024)


@xdp
def xdp_counter(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return XdpAction.PASS
    packet_count[ip.src_addr] += 1
    count = packet_count.lookup(ip.src_addr)
    if count is not None:
        log.info(f"packet from {ip.src_addr}, count {count.value}")
    return XdpAction.PASS


def main(interface: str) -> None:
    with osmia.load(xdp_counter) as bpf:
        bpf[xdp_counter].attach(interface)
        while True:
            for address, count in bpf[packet_count].items():
                print(f"{address}: {count} packets")
            time.sleep(1)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(sys.argv[1])
