"""Forbid one user to make raw sockets: a hook of the Linux Security Modules."""

import errno
import sys
import time

import osmia
from osmia import Constant, LsmContext, i32, lsm, u32

SOCK_RAW = i32(3)
DENIED = -errno.EPERM

user = Constant(u32(65534))
"""To whom it is forbidden."""


@lsm("socket_create")
def may_create(ctx: LsmContext, family: i32, kind: i32, protocol: i32, by_kernel: i32) -> int:
    """Runs before a socket is made; 0 allows, -errno denies."""
    if kind == SOCK_RAW and ctx.uid == user.value:
        return DENIED
    return 0


def main(uid: str) -> None:
    """Attach until Ctrl-C. Linux 5.7, with "bpf" in /sys/kernel/security/lsm."""
    with osmia.load(may_create, constants={user: u32(int(uid))}) as bpf:
        bpf[may_create].attach()
        print(f"user {uid} may make no raw sockets; Ctrl-C ends it")
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
