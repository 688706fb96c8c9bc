"""A kfunc that cannot be declared so, and one that is called with other types than it has."""

from osmia import XdpAction, XdpContext, i32, kfunc, kfunc_exists, u32, u64, xdp
from osmia.net import EthHdr


@kfunc
def bpf_names(name: str, number) -> list[int]:
    raise NotImplementedError


@kfunc
def bpf_header(header: EthHdr, number: u32) -> i32:
    raise NotImplementedError


def plain() -> None:
    return


@xdp
def program(ctx: XdpContext) -> XdpAction:
    bpf_names(ctx, 1)
    bpf_header(ctx, 1)
    bpf_header(u64(1))
    if kfunc_exists(plain):
        return XdpAction.DROP
    return XdpAction.PASS
