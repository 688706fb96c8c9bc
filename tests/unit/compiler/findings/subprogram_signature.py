"""What cannot be handed to a function that is not inlined."""

from osmia import HashMap, Packet, XdpAction, XdpContext, function, struct, u32, xdp
from osmia.net import EthHdr

seen = HashMap(u32, u32, max_entries=4)


@struct
class Answer:
    number: u32


@function(inline=False)
def parse(packet: Packet) -> bool:
    return packet.read(EthHdr) is not None


@function(inline=False)
def count(table: HashMap[u32, u32], times: int) -> None:
    table[u32(times)] = u32(1)


@function(inline=False)
def answer(number: u32) -> Answer:
    return Answer(number=number)


@function(inline=False)
def many(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32) -> u32:
    return a + b + c + d + e + f


@function(inline=False)
def again(number: u32) -> u32:
    return again(number - 1) if number > 0 else number


@xdp
def program(ctx: XdpContext) -> XdpAction:
    parse(ctx.packet())
    count(seen, 3)
    answer(ctx.length)
    again(ctx.length)
    one = u32(1)
    many(one, one, one, one, one, one)
    many(one)
    again(u32(1), u32(2))
    return XdpAction.PASS
