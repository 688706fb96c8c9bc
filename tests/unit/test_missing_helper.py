"""Verifier logs of helpers that a kernel does not have, as errors that name the kernel that has them."""

from __future__ import annotations

import pytest

from osmia.loader.missing_helper import missing_helper
from osmia.loader.specification import FunctionSpec, ProgramSpec
from osmia.uapi import ProgramType

WATCH = ProgramSpec("watch", ProgramType.XDP, "xdp", FunctionSpec("watch", bytes(8)))
NOT_YET = (
    "the helper bpf_get_current_comm in programs of type XDP, as 'watch' is, is not supported here: "
    "it needs a newer kernel: it came with Linux 4.2, for other types of program"
)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            "0: R1=ctx(id=0,off=0,imm=0) R10=fp0\n0: (85) call unknown#181\ninvalid func unknown#181\n",
            "the helper bpf_loop, which 'watch' calls, is not supported here: it needs Linux 5.17",
        ),
        ("0: (85) call bpf_get_current_comm#16\nunknown func bpf_get_current_comm#16\n", NOT_YET),
        ("program of this type cannot use helper bpf_get_current_comm#16\n", NOT_YET),
    ],
)
def test_the_kernel_that_has_it_is_named(log: str, expected: str) -> None:
    assert str(missing_helper(WATCH, log)) == expected


@pytest.mark.parametrize(
    "log",
    [
        "program of this type cannot use helper bpf_skb_load_bytes#26\n",
        "invalid func unknown#195896080\n",
        "R0 !read_ok\n",
        "",
    ],
)
def test_other_reasons_are_the_verifiers(log: str) -> None:
    assert missing_helper(WATCH, log) is None
