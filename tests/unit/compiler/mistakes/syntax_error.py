"""A colon is missing."""

from osmia import xdp


@xdp
def program(ctx)
    pass
