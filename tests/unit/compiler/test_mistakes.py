"""The likeliest mistakes of a beginner, each with all that `osmia check` or the loader then says."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import osmia
from osmia import HashMap, OsmiaError, XdpAction, XdpContext, u32, u64, xdp
from osmia.cli.main import main
from osmia.compiler.compile import compile_programs
from osmia.loader import LoadedObject, load_object, read_object
from osmia.sys import XdpState
from osmia.uapi import XdpAttached
from tests.builders.fake_kernel import FakeKernel
from tests.unit.compiler.conftest import CompareGolden

FOLDER = Path(__file__).with_name("mistakes")
AUTOMATIC = osmia.XdpFlags(0)
PROGRAMS = sorted(FOLDER.glob("*.py"))

counts = HashMap(u32, u64, max_entries=16)
unused = HashMap(u32, u64, max_entries=16)


@xdp
def counter(ctx: XdpContext) -> XdpAction:
    counts[ctx.rx_queue_index] += 1
    return XdpAction.PASS


def undecorated(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_what_check_says(
    path: Path,
    compare_golden: CompareGolden,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    package = Path(osmia.__file__).parent
    assert main(["check", "--no-kernel", str(path)]) in (1, 2)
    sys.modules.pop(path.stem, None)
    said = capsys.readouterr()
    assert said.out == ""
    text = said.err.replace(f"{FOLDER}/", "").replace(f"{package}/", "osmia/")
    compare_golden(path.with_suffix(".err"), text)


def load(kernel: FakeKernel) -> LoadedObject:
    return load_object(read_object(compile_programs((counter,))), kernel=kernel)


def not_root() -> None:
    load(FakeKernel(held=frozenset()))


def refused_by_the_container() -> None:
    load(FakeKernel(refuse={"map_create": [errno.EPERM] * 4}))


def attach(kernel: FakeKernel, interface: str = "eth0", flags: osmia.XdpFlags = AUTOMATIC) -> None:
    with load(kernel) as loaded:
        loaded.programs["counter"].attach_xdp(interface, flags)


def wrong_interface() -> None:
    attach(FakeKernel(), "eth1")


def attached_twice() -> None:
    attach(FakeKernel(xdp={2: XdpState(XdpAttached.DRV, native=77)}, refuse={"link_create": [errno.EBUSY]}))


def driver_without_xdp() -> None:
    attach(FakeKernel(refuse={"link_create": [errno.EOPNOTSUPP, None]}), flags=osmia.XdpFlags.DRV_MODE)


def tracefs_not_mounted() -> None:
    class Bare(FakeKernel):
        def mounts(self) -> dict[str, str]:
            return {}

    Bare().tracepoint_id("sched", "sched_switch")


def no_such_file() -> None:
    osmia.load(Path("nowhere.o"))


def map_that_no_program_uses() -> None:
    with osmia.simulate(counter) as bpf:
        len(bpf[unused])


def key_as_text() -> None:
    with osmia.simulate(counter) as bpf:
        bpf[counts]["10.0.0.1"] = u64(1)  # type: ignore[index]


def not_a_program() -> None:
    osmia.simulate(undecorated)  # type: ignore[arg-type]


def called_without_simulation() -> None:
    counter(XdpContext(bytearray(64)))


ENVIRONMENT: list[Callable[[], None]] = [
    not_root,
    refused_by_the_container,
    wrong_interface,
    attached_twice,
    driver_without_xdp,
    tracefs_not_mounted,
    no_such_file,
    map_that_no_program_uses,
    key_as_text,
    not_a_program,
    called_without_simulation,
]


@pytest.mark.parametrize("mistake", ENVIRONMENT, ids=lambda mistake: mistake.__name__)
def test_what_the_error_says(mistake: Callable[[], None], compare_golden: CompareGolden) -> None:
    with pytest.raises((OsmiaError, OSError, TypeError, LookupError)) as caught:
        mistake()
    compare_golden(FOLDER / f"{mistake.__name__}.txt", f"{type(caught.value).__name__}: {caught.value}\n")


def test_every_golden_has_a_mistake() -> None:
    assert {path.stem for path in FOLDER.glob("*.err")} == {path.stem for path in PROGRAMS}
    assert {path.stem for path in FOLDER.glob("*.txt")} == {each.__name__ for each in ENVIRONMENT}
