"""Let the processes of a control group connect to some TCP and UDP ports only."""

import sys
import time

import osmia
from osmia import CgroupSockAddrContext, CgroupVerdict, HashMap, be16, cgroup_sock_addr, u32

allowed = HashMap(be16, u32, max_entries=1024)


@cgroup_sock_addr("connect4")
def may_connect(ctx: CgroupSockAddrContext) -> CgroupVerdict:
    """Runs in connect(2) of an IPv4 socket."""
    return CgroupVerdict.ALLOW if ctx.user_port in allowed else CgroupVerdict.DENY


def main(cgroup: str, *ports: str) -> None:
    """Attach to a folder below /sys/fs/cgroup until Ctrl-C."""
    with osmia.load(may_connect) as bpf:
        for port in ports:
            bpf[allowed][be16(int(port))] = u32(1)
        bpf[may_connect].attach(cgroup)
        print(f"{cgroup} may connect to {', '.join(ports) or 'no port'}; Ctrl-C ends it")
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
