"""Packets for tests and replay: builders with right lengths and checksums, captures read and written."""

from osmia.packets.capture import open_capture, read_capture
from osmia.packets.frame import Frame
from osmia.packets.internet import (
    destination_options,
    fragment,
    fragment_header,
    hop_by_hop,
    ipv4,
    ipv6,
    routing,
)
from osmia.packets.layers import Layers, internet_checksum, payload
from osmia.packets.link import arp, ethernet, vlan
from osmia.packets.pcap import PcapWriter
from osmia.packets.pcapng_writer import PcapngWriter
from osmia.packets.transport import icmp, icmpv6, tcp, udp

__all__ = [
    "Frame",
    "Layers",
    "PcapWriter",
    "PcapngWriter",
    "arp",
    "destination_options",
    "ethernet",
    "fragment",
    "fragment_header",
    "hop_by_hop",
    "icmp",
    "icmpv6",
    "internet_checksum",
    "ipv4",
    "ipv6",
    "open_capture",
    "payload",
    "read_capture",
    "routing",
    "tcp",
    "udp",
    "vlan",
]
