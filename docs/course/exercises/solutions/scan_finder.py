"""The core of the project: report a source once it has sent TCP SYNs to more than 3 ports.

Ports are kept as a set of 64 bits: bit (port % 64). That is coarse, and it is small.
"""

from osmia import LruHashMap, PerfEventArray, XdpAction, XdpContext, be16, struct, u16, u64, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, IpProtocol, Ipv4Hdr, TcpFlags, TcpHdr

MOST_PORTS = 3


@struct
class Contacts:
    """What a source has tried."""

    ports: u64
    """A bit for each port, modulo 64."""
    count: u64
    """Bits that are set."""


@struct
class Scan:
    """A report."""

    source: IPv4Address


contacts = LruHashMap(IPv4Address, Contacts, max_entries=4096)
scans = PerfEventArray(Scan)


def note(ctx: XdpContext, source: IPv4Address, port: be16) -> None:
    """A source has tried a port."""
    bit = u64(1) << (u64(u16(port)) & 63)
    entry = contacts.lookup(source)
    if entry is None:
        contacts[source] = Contacts(ports=bit, count=u64(1))
    elif entry.ports & bit == 0:
        entry.ports |= bit
        entry.count += 1
        if entry.count == MOST_PORTS + 1:
            scans.output(ctx, Scan(source=source))


@xdp
def find_scans(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.protocol != IpProtocol.TCP:
        return XdpAction.PASS
    tcp = packet.read(TcpHdr)
    if tcp is not None and tcp.flags == TcpFlags.SYN:
        note(ctx, ip.src_addr, tcp.dst_port)
    return XdpAction.PASS
