"""Subprograms, global functions, tail calls and counted loops on each kernel, virtual machines included."""

from __future__ import annotations

from pathlib import Path

import pytest

from osmia import VerifierError
from osmia.loader import ArrayHandle, BytesCodec, LoadedObject, load_object, read_object
from osmia.sys import RUNNING_KERNEL
from osmia.uapi import XdpAction

pytestmark = pytest.mark.core

FRAME = bytes(11) + b"\x07\x08\x00" + bytes(50)


def load(folder: Path, name: str) -> LoadedObject:
    return load_object(read_object((folder / name).read_bytes()), kernel=RUNNING_KERNEL)


def result(loaded: LoadedObject, index: int) -> int:
    return int.from_bytes(ArrayHandle(loaded.maps["results"], BytesCodec(8))[index], "little")


def test_functions_and_tail_calls(prebuilt_objects: Path) -> None:
    with load(prebuilt_objects, "functions.o") as loaded:
        assert loaded.programs["first"].run(FRAME).value == XdpAction.PASS
        assert result(loaded, 0) == 7
        assert loaded.programs["first"].run(FRAME + b"1").value == XdpAction.TX
        assert result(loaded, 0) == 107


def test_long_loops_run_or_are_refused_with_the_reason(prebuilt_objects: Path) -> None:
    try:
        loaded = load(prebuilt_objects, "long_loop.o")
    except VerifierError as error:
        assert "bpf_loop" in str(error)  # noqa: PT017 - some kernels have it, some have not
        assert "Linux 5.17" in str(error)  # noqa: PT017
        return
    with loaded:
        assert loaded.programs["long_loop"].run(FRAME).value == XdpAction.PASS
        assert result(loaded, 1) == 64_000 * 63_999 // 2
