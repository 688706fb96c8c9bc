"""Spread the flows to one address over several servers, and send each packet back out where it came in.

    python examples/xdp_load_balancer.py eth0 192.0.2.1 10.0.0.7=02:00:00:00:00:07 10.0.0.8=02:00:00:00:00:08

TCP and UDP over IPv4. A packet gets the address of its flow's server, and checksums that fit; the servers'
answers go back through whatever undoes that. Linux 5.10.
"""

import sys
import time
from contextlib import suppress

import osmia
from osmia import ArrayMap, Constant, XdpAction, XdpContext, be16, be32, struct, u16, u32, u64, xdp
from osmia.net import (
    EtherType,
    EthHdr,
    IpProtocol,
    IPv4Address,
    Ipv4Hdr,
    MacAddress,
    TcpHdr,
    UdpHdr,
    replace_word_in_checksum,
)


@struct
class Server:
    """Where packets go."""

    address: IPv4Address
    mac: MacAddress
    packets: u64


servers = ArrayMap(Server, max_entries=64)
server_count = Constant(u32(1))
service = Constant(IPv4Address("192.0.2.1"))
"""The address that clients know."""


def server_of(client: IPv4Address, port: be16) -> Server | None:
    """The same for all packets of a flow."""
    mixed = (u32(client) ^ u32(u16(port))) * 0x9E3779B1
    return servers.lookup((mixed >> 16) % server_count.value)


def send_to(server: Server, eth: EthHdr, ip: Ipv4Hdr) -> XdpAction:
    """Change the addresses of both layers."""
    ip.checksum = replace_word_in_checksum(ip.checksum, be32(ip.dst_addr), be32(server.address))
    ip.dst_addr = server.address
    eth.src_addr = eth.dst_addr
    eth.dst_addr = server.mac
    server.packets += 1
    return XdpAction.TX


@xdp
def balance(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.dst_addr != service.value or ip.header_length != 20 or ip.fragment_offset != 0:
        return XdpAction.PASS
    if ip.protocol == IpProtocol.TCP:
        tcp = packet.read(TcpHdr)
        if tcp is None:
            return XdpAction.PASS
        server = server_of(ip.src_addr, tcp.src_port)
        if server is None:
            return XdpAction.PASS
        # The address is part of this checksum too.
        tcp.checksum = replace_word_in_checksum(tcp.checksum, be32(ip.dst_addr), be32(server.address))
        return send_to(server, eth, ip)
    if ip.protocol == IpProtocol.UDP:
        udp = packet.read(UdpHdr)
        if udp is None:
            return XdpAction.PASS
        server = server_of(ip.src_addr, udp.src_port)
        if server is None:
            return XdpAction.PASS
        if udp.checksum != be16(0):
            checksum = replace_word_in_checksum(udp.checksum, be32(ip.dst_addr), be32(server.address))
            udp.checksum = checksum if checksum != be16(0) else be16(0xFFFF)
        return send_to(server, eth, ip)
    return XdpAction.PASS


def main(interface: str, address: str, *names: str) -> None:
    with osmia.load(balance, constants={service: IPv4Address(address), server_count: u32(len(names))}) as bpf:
        for index, name in enumerate(names):
            server, mac = name.split("=")
            bpf[servers][index] = Server(address=IPv4Address(server), mac=MacAddress(mac), packets=u64(0))
        bpf[balance].attach(interface)
        while True:
            time.sleep(1)
            print("  ".join(f"{bpf[servers][index].packets:>12}" for index in range(len(names))))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
