"""Log a line for each packet, and let it pass."""

import sys
import time
from contextlib import suppress

import osmia
from osmia import XdpAction, XdpContext, log, xdp


@xdp
def xdp_pass(ctx: XdpContext) -> XdpAction:
    log.info(f"received a packet of {ctx.length} bytes")
    return XdpAction.PASS


def main(interface: str) -> None:
    with osmia.load(xdp_pass) as bpf:
        bpf[xdp_pass].attach(interface)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(sys.argv[1])
