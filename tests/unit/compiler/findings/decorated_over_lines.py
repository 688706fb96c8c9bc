"""A decorator over several lines."""

from collections.abc import Callable

from osmia import XdpAction, XdpContext, XdpProgram, xdp



def named(
    text: str,
) -> Callable[[XdpProgram], XdpProgram]:
    return lambda program: program


@named(
    "a name"
)
@xdp
def program(
    ctx: XdpContext,
) -> XdpAction:
    return ctx.length
