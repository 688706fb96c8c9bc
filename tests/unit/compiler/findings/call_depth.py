"""Nine functions in a row."""

from osmia import XdpAction, XdpContext, function, u32, xdp


@function(inline=False)
def first(number: u32) -> u32:
    return number + 1


@function(inline=False)
def second(number: u32) -> u32:
    return first(number) + 1


@function(inline=False)
def third(number: u32) -> u32:
    return second(number) + 1


@function(inline=False)
def fourth(number: u32) -> u32:
    return third(number) + 1


@function(inline=False)
def fifth(number: u32) -> u32:
    return fourth(number) + 1


@function(inline=False)
def sixth(number: u32) -> u32:
    return fifth(number) + 1


@function(inline=False)
def seventh(number: u32) -> u32:
    return sixth(number) + 1


@function(inline=False)
def eighth(number: u32) -> u32:
    return seventh(number) + 1


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if eighth(ctx.length) == 9 else XdpAction.PASS
