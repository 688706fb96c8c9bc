"""A packet that a program changes and sends back: a load balancer with XDP_TX."""

from __future__ import annotations

import osmia
from osmia import ArrayMap, XdpAction, XdpContext, be16, be32, struct, u16, u32, xdp
from osmia.net import (
    EtherType,
    EthHdr,
    IpProtocol,
    IPv4Address,
    Ipv4Hdr,
    MacAddress,
    UdpHdr,
    replace_in_checksum,
    replace_word_in_checksum,
)
from osmia.packets import ethernet, ipv4, udp


@struct
class Backend:
    address: IPv4Address
    mac: MacAddress


backends = ArrayMap(Backend, max_entries=4)


@xdp
def balance(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.protocol != IpProtocol.UDP or ip.dst_addr != IPv4Address("10.9.0.1"):
        return XdpAction.PASS
    datagram = packet.read(UdpHdr)
    if datagram is None:
        return XdpAction.PASS
    backend = backends.lookup(u32(u16(datagram.src_port) & 3))
    if backend is None:
        return XdpAction.PASS
    old, new = be32(ip.dst_addr), be32(backend.address)
    ip.checksum = replace_word_in_checksum(ip.checksum, old, new)
    if datagram.checksum != be16(0):
        sum = replace_word_in_checksum(datagram.checksum, old, new)
        sum = replace_in_checksum(sum, datagram.dst_port, be16(5353))
        datagram.checksum = sum if sum != be16(0) else be16(0xFFFF)
    ip.dst_addr = backend.address
    datagram.dst_port = be16(5353)
    eth.src_addr = eth.dst_addr
    eth.dst_addr = backend.mac
    return XdpAction.TX


BACKENDS = [(f"192.168.{number}.7", f"02:00:00:00:0{number}:07") for number in range(4)]


def test_a_load_balancer() -> None:
    for opened in (osmia.load, osmia.simulate):
        with opened(balance) as bpf:
            for number, (address, mac) in enumerate(BACKENDS):
                hardware = MacAddress.from_bytes(bytes.fromhex(mac.replace(":", "")))
                bpf[backends][number] = Backend(address=IPv4Address(address), mac=hardware)
            for port in range(4000, 4064):
                payload = port.to_bytes(2, "big") * 9
                address, mac = BACKENDS[port & 3]
                ours = ethernet(dst="02:00:00:00:00:01") / ipv4(dst="10.9.0.1") / udp(sport=port, dport=53)
                run = bpf[balance].run(bytes(ours / payload))
                theirs = ethernet(src="02:00:00:00:00:01", dst=mac) / ipv4(dst=address)
                assert run.action == XdpAction.TX
                assert run.data == bytes(theirs / udp(sport=port, dport=5353) / payload)
            other = bytes(ethernet() / ipv4(dst="10.9.0.2") / udp(dport=53))
            assert bpf[balance].run(other).data == other
