"""The cache of compiled objects: a start from it needs no LLVM, and it never gives what was not compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from osmia import Program, compiler
from osmia.compiler import cache
from tests.builders.kernel_modules import import_file

MODULE = """
from enum import Enum

from osmia import Constant, HashMap, XdpAction, XdpContext, XdpProgram, struct, u16, u32, u64, xdp

import {helper}


class Kind(u16, Enum):
    FIRST = 1


@struct
class Entry:
    count: u64
    last: u32 = u32(0)


LIMIT = Constant(u32(64))
entries = HashMap(u32, Entry, max_entries=16)


def make(longest: int) -> XdpProgram:
    @xdp
    def program(ctx: XdpContext) -> XdpAction:
        if ctx.length > longest or {helper}.is_odd(ctx.length):
            return XdpAction.DROP
        entries[u32(Kind.FIRST)] = Entry(count=u64(LIMIT.value))
        return XdpAction.PASS

    return program
"""

HELPER = """
from osmia import u32


def is_odd(number: u32) -> bool:
    return number & 1 == 1
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("cached_helper_")]:
        del sys.modules[name]


def program(folder: Path, text: str = MODULE, longest: int = 1500, helper: str = HELPER) -> Program[Any, Any]:
    """The program of a module; what is not given is as it was."""
    name = f"cached_helper_{folder.name.replace('-', '_')}"
    sys.modules.pop(name, None)
    (folder / f"{name}.py").write_text(helper)
    path = folder / "module.py"
    path.write_text(text.replace("{helper}", name))
    for leftover in folder.glob("__pycache__/*"):
        leftover.unlink()
    made: Program[Any, Any] = import_file(path).make(longest)
    return made


def fail(*_: object) -> bytes:
    pytest.fail("compiled again")


def other_object(*_: object) -> bytes:
    return b"another object"


def objects() -> list[Path]:
    return sorted(cache.cache_directory().glob("*.o"))


def test_the_second_time_nothing_is_compiled(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = cache.compiled_object((program(own_cache),))
    monkeypatch.setattr(compiler, "compile_programs", fail)
    second, references = cache.compiled_object((program(own_cache),))
    assert first == second
    assert first.startswith(b"\x7fELF")
    assert list(references.maps) == ["entries"]
    assert list(references.constants) == ["LIMIT"]


CHANGES: dict[str, dict[str, Any]] = {
    "a captured number": {"longest": 1501},
    "a called function": {"helper": HELPER.replace("== 1", "== 0")},
    "a size of a map": {"text": MODULE.replace("max_entries=16", "max_entries=17")},
    "a type of map": {
        "text": MODULE.replace("= HashMap(", "= LruHashMap(").replace("HashMap,", "LruHashMap,")
    },
    "a field of a struct": {"text": MODULE.replace("count: u64", "count: u64\n    more: u16 = u16(0)")},
    "a default of a field": {"text": MODULE.replace("u32 = u32(0)", "u32 = u32(1)")},
    "a member": {"text": MODULE.replace("FIRST = 1", "FIRST = 2")},
    "a default of a constant": {"text": MODULE.replace("u32(64)", "u32(65)")},
    "the program": {"text": MODULE.replace("XdpAction.DROP", "XdpAction.TX")},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_gives_another_object(own_cache: Path, change: str) -> None:
    before, _ = cache.compiled_object((program(own_cache),))
    after, _ = cache.compiled_object((program(own_cache, **CHANGES[change]),))
    assert len(objects()) == 2
    assert before != after
    again, _ = cache.compiled_object((program(own_cache),))
    assert again == before


def test_values_that_are_equal_are_told_apart_by_name(own_cache: Path) -> None:
    text = """
from osmia import XdpAction, XdpContext, XdpProgram, xdp

def make(a: int, b: int, c: int) -> XdpProgram:
    @xdp
    def program(ctx: XdpContext) -> XdpAction:
        found = ctx.length == a or ctx.length == b or ctx.ingress_ifindex == c
        return XdpAction.DROP if found else XdpAction.PASS

    return program
"""
    path = own_cache / "three.py"
    path.write_text(text)
    module = import_file(path)
    texts = {
        cache.compiled_object((module.make(*numbers),))[0] for numbers in ((1, 2, 1), (1, 2, 2), (1, 1, 2))
    }
    assert len(texts) == 3


@pytest.mark.parametrize("damage", ["changed", "cut", "empty", "writable by others", "a link"])
def test_what_cannot_be_trusted_is_compiled_anew(own_cache: Path, damage: str) -> None:
    whole, _ = cache.compiled_object((program(own_cache),))
    (path,) = objects()
    data = path.read_bytes()
    match damage:
        case "changed":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "cut":
            path.write_bytes(data[:100])
        case "empty":
            path.write_bytes(b"")
        case "writable by others":
            path.write_bytes(data[:32] + b"other")
            path.chmod(0o666)
        case _:
            other = own_cache / "other.o"
            other.write_bytes(data)
            path.unlink()
            path.symlink_to(other)
    again, _ = cache.compiled_object((program(own_cache),))
    assert again == whole
    (path,) = objects()
    assert path.read_bytes() == data
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o022 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_not_taken(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.compiled_object((program(own_cache),))
    (path,) = objects()
    os.chown(path, 12345, 12345)
    monkeypatch.setattr(compiler, "compile_programs", other_object)
    data, _ = cache.compiled_object((program(own_cache),))
    assert data == other_object()


def test_a_folder_that_cannot_be_written_is_no_error(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_cache / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_cache / "file"))
    data, _ = cache.compiled_object((program(own_cache),))
    assert data.startswith(b"\x7fELF")


def test_old_objects_go_first(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 2)
    monkeypatch.setattr(compiler, "compile_programs", other_object)
    for longest in range(4):
        cache.compiled_object((program(own_cache, longest=longest),))
        newest = max(objects(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, ns=(longest, longest))
    assert len(objects()) == 2


def test_a_start_from_the_cache_imports_no_llvm(own_cache: Path) -> None:
    script = """
import sys
from examples.xdp_counter import xdp_counter
from osmia.compiler.cache import compiled_object
data, _ = compiled_object((xdp_counter,))
assert data[:4] == b"\\x7fELF"
print([name for name in ("llvmlite", "numpy") if name in sys.modules])
import osmia.compiler.backend.llvm_process as process
print(process.llvm._process is not None)
"""
    paths = os.pathsep.join(path for path in sys.path if path)
    answers = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert answers[0][1] == "True"
    assert answers[1][1] == "False"
    assert "llvmlite" not in answers[1][0]
    assert "numpy" not in answers[1][0]
