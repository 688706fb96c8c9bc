"""The exercise's test: plain Python, no root."""

import osmia
from smooth import AVERAGE, average, smooth


def test_the_average_moves() -> None:
    with osmia.simulate(smooth) as bpf:
        bpf[smooth].run(bytes(100))
        assert bpf[average][AVERAGE] == 100_000
        bpf[smooth].run(bytes(61))
        assert bpf[average][AVERAGE] == (100_000 * 7 + 61_000) // 8
