"""Inlining that doubles at each level."""

from osmia import XdpAction, XdpContext, u32, xdp

def f0(number: u32) -> u32:
    return number ^ 1


def f1(number: u32) -> u32:
    return f0(f0(number))


def f2(number: u32) -> u32:
    return f1(f1(number))


def f3(number: u32) -> u32:
    return f2(f2(number))


def f4(number: u32) -> u32:
    return f3(f3(number))


def f5(number: u32) -> u32:
    return f4(f4(number))


def f6(number: u32) -> u32:
    return f5(f5(number))


def f7(number: u32) -> u32:
    return f6(f6(number))


def f8(number: u32) -> u32:
    return f7(f7(number))


def f9(number: u32) -> u32:
    return f8(f8(number))


def f10(number: u32) -> u32:
    return f9(f9(number))


def f11(number: u32) -> u32:
    return f10(f10(number))


def f12(number: u32) -> u32:
    return f11(f11(number))


def f13(number: u32) -> u32:
    return f12(f12(number))


def f14(number: u32) -> u32:
    return f13(f13(number))


def f15(number: u32) -> u32:
    return f14(f14(number))


def f16(number: u32) -> u32:
    return f15(f15(number))


def f17(number: u32) -> u32:
    return f16(f16(number))


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if f17(ctx.length) == 1 else XdpAction.PASS
