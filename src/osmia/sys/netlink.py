"""Route netlink: requests to the kernel and what it answers (rtnetlink(7))."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from osmia.dataclass import dataclass
from osmia.errors import KernelError, MalformedError
from osmia.uapi.constants import NetlinkFlags, NetlinkMessage, RouteMessage

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ATTRIBUTE_TYPE_MASK = 0x3FFF
_RECEIVE_SIZE = 65536
_MOST_MESSAGES = 65536
_TIMEOUT = 5
"""Seconds; the kernel answers at once."""


@dataclass(frozen=True)
class Message:
    """A message of the kernel: its kind, and what follows its header."""

    kind: int
    payload: bytes


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Netlink attributes: type without its flag bits, and payload."""
    position = 0
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        if length < _ATTRIBUTE.size or position + length > len(data):
            raise MalformedError("netlink message", "an attribute leaves its message", position)
        yield kind & _ATTRIBUTE_TYPE_MASK, data[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3


def attribute(kind: int, content: bytes) -> bytes:
    """One attribute, padded."""
    header = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(content), kind)
    return header + content + bytes(-len(content) % 4)


def open_route() -> int:
    """A socket of route netlink: it stays in the network namespace in which it was opened."""
    try:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE).detach()
    except OSError as error:
        raise KernelError(error.errno, f"open route netlink: {error.strerror}") from None


def ask(route_fd: int, kind: RouteMessage, content: bytes, action: str, flags: NetlinkFlags) -> list[Message]:
    """Send one request and read the answers, up to the acknowledgement or the end of the list.

    Raises:
        KernelError: the kernel refuses; `action` says what was tried.
    """
    flags |= NetlinkFlags.REQUEST
    request = _HEADER.pack(_HEADER.size + len(content), kind, flags, 1, 0) + content
    answers: list[Message] = []
    try:
        with socket.socket(fileno=os.dup(route_fd)) as route:
            route.settimeout(_TIMEOUT)
            route.send(request)
            while len(answers) < _MOST_MESSAGES:
                for message in _messages(route.recv(_RECEIVE_SIZE)):
                    if message.kind == NetlinkMessage.DONE:
                        return answers
                    if message.kind != NetlinkMessage.ERROR:
                        answers.append(message)
                        continue
                    errno = -int.from_bytes(message.payload[:4], "little", signed=True)
                    if errno:
                        raise KernelError(errno, f"{action}: {os.strerror(errno)}")
                    return answers
    except TimeoutError:
        raise KernelError(0, f"{action}: the kernel does not answer") from None
    except KernelError:
        raise
    except OSError as error:
        raise KernelError(error.errno, f"{action}: {error.strerror}") from None
    raise MalformedError("netlink message", f"a list of more than {_MOST_MESSAGES} messages")


def _messages(data: bytes) -> Iterator[Message]:
    position = 0
    while position < len(data):
        if position + _HEADER.size > len(data):
            raise MalformedError("netlink message", "shorter than its header", position)
        length, kind, _, _, _ = _HEADER.unpack_from(data, position)
        if length < _HEADER.size or position + length > len(data):
            raise MalformedError("netlink message", "its length leaves what was received", position)
        yield Message(kind, data[position + _HEADER.size : position + length])
        position += (length + 3) & ~3
