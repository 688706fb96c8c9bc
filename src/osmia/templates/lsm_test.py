"""The program as plain Python: no root, no kernel."""

import errno
import socket

import osmia
from osmia import LsmContext, u32
from osmia.templates.lsm import may_create, user


def test_only_that_user_and_only_raw_sockets() -> None:
    with osmia.simulate(may_create, constants={user: u32(1000)}):
        for uid, kind, answer in (
            (1000, socket.SOCK_RAW, -errno.EPERM),
            (1000, socket.SOCK_STREAM, 0),
            (0, socket.SOCK_RAW, 0),
        ):
            assert may_create(LsmContext(int(socket.AF_INET), int(kind), 1, 0, uid=uid)) == answer
