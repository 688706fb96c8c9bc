"""The program as plain Python: no root, no kernel."""

import osmia
from osmia import CgroupSockAddrContext, CgroupVerdict, be16, u32
from osmia.templates.cgroup_sock_addr import allowed, may_connect


def test_only_allowed_ports() -> None:
    with osmia.simulate(may_connect) as bpf:
        bpf[allowed][be16(443)] = u32(1)
        assert may_connect(CgroupSockAddrContext(user_port=be16(443))) == CgroupVerdict.ALLOW
        assert may_connect(CgroupSockAddrContext(user_port=be16(25))) == CgroupVerdict.DENY
