from osmia import TcAction, TcContext, XdpAction, XdpContext, classifier, u32, xdp
from osmia.helpers import get_func_ip, skb_load_bytes


def first_word(ctx: XdpContext) -> u32:
    get_func_ip(ctx)
    return u32(0)


@xdp
def parse(ctx: XdpContext) -> XdpAction:
    word = u32(0)
    skb_load_bytes(ctx, 0, word)
    first_word(ctx)
    return XdpAction.PASS


@classifier
def classify(ctx: TcContext) -> TcAction:
    get_func_ip(ctx)
    return TcAction.OK
