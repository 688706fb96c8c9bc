"""The program as plain Python: no root, no kernel."""

import osmia
from osmia import CgroupVerdict, u64
from osmia.packets import ethernet, ipv4, ipv6, udp
from osmia.templates.cgroup_skb import only_ipv4, packets


def test_ipv4_is_allowed_and_ipv6_denied() -> None:
    with osmia.simulate(only_ipv4) as bpf:
        assert bpf[only_ipv4].run(ethernet() / ipv4() / udp()).action == CgroupVerdict.ALLOW
        assert bpf[only_ipv4].run(ethernet() / ipv6() / udp()).action == CgroupVerdict.DENY
        assert list(bpf[packets].values()) == [u64(1), u64(1)]
