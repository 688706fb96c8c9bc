"""A decorator without its argument."""

from osmia import KprobeContext, kprobe


@kprobe
def program(ctx: KprobeContext) -> int:
    return 0
