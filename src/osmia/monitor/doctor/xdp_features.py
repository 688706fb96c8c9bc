"""Which XDP features a driver has, asked over generic netlink: attaching would interrupt some drivers.

Family "netdev" since Linux 6.3: Documentation/netlink/specs/netdev.yaml.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

__all__ = ["attributes", "driver_has_xdp"]

NETLINK_GENERIC = 16
NLMSG_ERROR = 2
NLM_F_REQUEST = 1
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
NETDEV_CMD_DEV_GET, NETDEV_A_DEV_IFINDEX, NETDEV_A_DEV_XDP_FEATURES = 1, 1, 3
NETDEV_XDP_ACT_BASIC = 1
ANSWER_BYTES = 65_536
SECONDS = 2.0


def driver_has_xdp(interface_index: int) -> bool | None:
    """Whether the interface's driver runs XDP programs itself; None where the kernel does not tell."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_GENERIC) as link:
            link.settimeout(SECONDS)
            link.bind((0, 0))
            name = _attribute(CTRL_ATTR_FAMILY_NAME, b"netdev\0")
            family = _ask(link, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, name).get(CTRL_ATTR_FAMILY_ID)
            if family is None or len(family) < 2:
                return None
            index = _attribute(NETDEV_A_DEV_IFINDEX, struct.pack("=I", interface_index))
            answer = _ask(link, struct.unpack_from("=H", family)[0], NETDEV_CMD_DEV_GET, index)
    except OSError:
        return None
    found = answer.get(NETDEV_A_DEV_XDP_FEATURES)
    if found is None or len(found) < 8:
        return None
    return bool(struct.unpack_from("=Q", found)[0] & NETDEV_XDP_ACT_BASIC)


def attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The netlink attributes in some bytes, as far as they are whole."""
    offset = 0
    while offset + 4 <= len(content):
        length, kind = struct.unpack_from("=HH", content, offset)
        if length < 4 or offset + length > len(content):
            return
        yield kind & 0x3FFF, content[offset + 4 : offset + length]
        offset += (length + 3) & ~3


def _attribute(kind: int, content: bytes) -> bytes:
    length = 4 + len(content)
    return struct.pack("=HH", length, kind) + content + bytes(-length % 4)


def _ask(link: socket.socket, family: int, command: int, content: bytes) -> dict[int, bytes]:
    """The attributes of the answer, none where the kernel refuses."""
    body = struct.pack("=BBH", command, 1, 0) + content
    link.send(struct.pack("=IHHII", 16 + len(body), family, NLM_F_REQUEST, 1, 0) + body)
    answer = link.recv(ANSWER_BYTES)
    if len(answer) < 20:
        return {}
    length, kind = struct.unpack_from("=IH", answer)
    if kind == NLMSG_ERROR:
        return {}
    return dict(attributes(answer[20:length]))
