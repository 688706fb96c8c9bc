"""The few rtnetlink(7) requests that the demo needs: a veth pair, addresses, links up; and its namespaces."""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import os
import socket
import struct

from osmia.errors import KernelError, PermissionDeniedError

__all__ = ["add_address", "bring_up", "create_veth_pair", "leave_for_own_namespace"]

CLONE_NEWNET = 0x40000000

NETLINK_ROUTE = 0
RTM_NEWLINK, RTM_NEWADDR = 16, 20
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
NLMSG_ERROR = 2
IFLA_IFNAME, IFLA_LINKINFO, IFLA_NET_NS_PID = 3, 18, 19
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFA_ADDRESS, IFA_LOCAL = 1, 2
IFA_F_NODAD, IFA_F_PERMANENT = 0x02, 0x80
IFF_UP = 1


def leave_for_own_namespace() -> None:
    """Move this process into a network namespace of its own. Raises PermissionDeniedError, KernelError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) == 0:
        return
    number = ctypes.get_errno()
    if number == errno.EPERM:
        raise PermissionDeniedError(
            "make network namespaces", ("CAP_SYS_ADMIN",), "run it as root or with sudo"
        )
    raise KernelError(number, f"unshare(CLONE_NEWNET): {os.strerror(number)}")


def create_veth_pair(name: str, peer: str, peer_process: int) -> None:
    """A veth pair with one end here and the other in the namespace of a process. Raises KernelError."""
    peer_info = _interface_message(0, 0) + _attribute(IFLA_IFNAME, peer.encode() + b"\0")
    peer_info += _attribute(IFLA_NET_NS_PID, struct.pack("=I", peer_process))
    kind = _attribute(IFLA_INFO_KIND, b"veth\0")
    data = _attribute(IFLA_INFO_DATA, _attribute(VETH_INFO_PEER, peer_info))
    content = _interface_message(0, 0) + _attribute(IFLA_IFNAME, name.encode() + b"\0")
    content += _attribute(IFLA_LINKINFO, kind + data)
    _request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, content, f"create the veth pair {name}, {peer}")


def bring_up(name: str) -> None:
    """Set a link up. Raises KernelError."""
    _request(RTM_NEWLINK, 0, _interface_message(socket.if_nametoindex(name), IFF_UP), f"set {name} up")


def add_address(name: str, address: str) -> None:
    """Give an interface an address such as 10.0.0.1/24, usable at once. Raises KernelError."""
    interface = ipaddress.ip_interface(address)
    family = socket.AF_INET if interface.version == 4 else socket.AF_INET6
    flags = IFA_F_PERMANENT | (IFA_F_NODAD if interface.version == 6 else 0)
    content = struct.pack(
        "=BBBBI", family, interface.network.prefixlen, flags, 0, socket.if_nametoindex(name)
    )
    content += _attribute(IFA_LOCAL, interface.ip.packed) + _attribute(IFA_ADDRESS, interface.ip.packed)
    _request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, content, f"give {name} the address {address}")


def _interface_message(index: int, flags: int) -> bytes:
    """Struct ifinfomsg; what is set in flags is also what changes."""
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


def _attribute(number: int, content: bytes) -> bytes:
    header = struct.pack("=HH", 4 + len(content), number)
    return header + content + bytes(-len(content) % 4)


def _request(message: int, flags: int, content: bytes, action: str) -> None:
    header = struct.pack("=IHHII", 16 + len(content), message, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE) as netlink:
        netlink.send(header + content)
        answer = netlink.recv(65_536)
    (kind,) = struct.unpack_from("=H", answer, 4)
    (code,) = struct.unpack_from("=i", answer, 16)
    if kind == NLMSG_ERROR and code != 0:
        raise KernelError(-code, f"{action}: {os.strerror(-code)}")
