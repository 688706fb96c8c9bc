"""Count the bytes that this machine sends, by IPv4 destination."""

import sys
import time

import osmia
from osmia import Direction, HashMap, TcAction, TcContext, classifier, u64
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

sent = HashMap(IPv4Address, u64, max_entries=10240)


@classifier
def count_sent(ctx: TcContext) -> TcAction:
    """Runs for each frame that leaves by an interface."""
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return TcAction.OK
    ip = packet.read(Ipv4Hdr)
    if ip is not None:
        sent[ip.dst_addr] += u64(ctx.length)
    return TcAction.OK


def main(interface: str) -> None:
    """Attach to what an interface sends, and show the bytes each second."""
    with osmia.load(count_sent) as bpf:
        bpf[count_sent].attach(interface, Direction.EGRESS)
        while True:
            time.sleep(1)
            for address, size in bpf[sent].items():
                print(f"{address}: {size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
