"""`osmia generate`: the classes that it writes, imported and used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osmia.btf import Btf, LazyBtf, encode_btf, types
from osmia.cli.generate.kernel_struct import struct_source
from osmia.cli.generate.tracepoint import record_fields, tracepoint_source
from osmia.cli.main import main
from osmia.errors import MalformedError, UsageError
from tests.builders.kernel_modules import import_file

KERNEL = (
    types.Int("int", 4, 32, 1),  # 1
    types.Int("unsigned int", 4, 32),  # 2
    types.Int("char", 1, 8, 1),  # 3
    types.Int("unsigned short", 2, 16),  # 4
    types.Typedef("__u16", 4),  # 5
    types.Typedef("__be16", 5),  # 6
    types.Array(3, 2, 16),  # 7
    types.Array(4, 2, 4),  # 8
    types.Pointer(10),  # 9
    types.Struct(
        "task",
        80,
        (
            types.Member("pid", 1, 0),
            types.Member("__state", 2, 32),
            types.Member("comm", 7, 64),
            types.Member("port", 6, 192),
            types.Member("class", 8, 208),
            types.Member("parent", 9, 320),
            types.Member("anything", 11, 384),
            types.Member("", 12, 448),
            types.Member("flag", 2, 512, 3),
            types.Member("mode", 13, 544),
            types.Member("place", 14, 576),
            types.Member("table", 15, 608),
            types.Member("on", 16, 632),
        ),
    ),  # 10
    types.Pointer(0),  # 11
    types.Union("", 8, (types.Member("low", 2, 0), types.Member("high", 1, 0))),  # 12
    types.Enum("mode", 4, False, (types.Enumerator("A", 0),)),  # 13
    types.Struct("place", 4, (types.Member("x", 4, 0), types.Member("y", 4, 16))),  # 14
    types.Array(14, 2, 2),  # 15
    types.Int("_Bool", 1, 8, 4),  # 16
)
GRAPH = LazyBtf(encode_btf(Btf(KERNEL, b"\0")))

WHOLE = '''
class Task(KernelStruct, name="task"):
    """struct task."""

    pid: i32
    state: Annotated[u32, FieldName("__state")]
    comm: CharArray[Literal[16]]
    port: be16
    class_: Annotated[Array[u16, Literal[4]], FieldName("class")]
    parent: KernelPointer[Task]
    anything: KernelAddress
    low: u32
    high: i32
    flag: Annotated[u32, BitField(3)]
    mode: Annotated[u32, EnumField]
    place: Place
    # table: left out, its type has no counterpart
    on: bool


class Place(KernelStruct, name="place"):
    """struct place."""

    x: u16
    y: u16
'''


def imported(source: str, folder: Path) -> Any:
    file = folder / "generated.py"
    file.write_text(source)
    return import_file(file)


def test_a_whole_struct(tmp_path: Path) -> None:
    source = struct_source(GRAPH, "task")
    assert source.endswith(WHOLE)
    task = imported(source, tmp_path).Task()
    assert task.place.y == 0
    assert task.parent.parent.state == 0


def test_some_fields_also_behind_pointers(tmp_path: Path) -> None:
    source = struct_source(GRAPH, "task", ("pid", "parent.parent.port", "place.x"))
    assert source.count("class ") == 2
    generated = imported(source, tmp_path)
    assert set(generated.Task.kernel_fields()) == {"pid", "parent", "place", "port"}
    assert set(generated.Place.kernel_fields()) == {"x"}


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("nothing", (), "no struct 'nothing'"),
        ("task", ("nothing",), "no field 'nothing'"),
        ("task", ("anything.x",), "no field 'x'"),
        ("task", ("place.z",), "'place' has no field 'z'"),
    ],
)
def test_what_is_not_there_is_said(name: str, fields: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        struct_source(GRAPH, name, fields)


FORMAT = """name: connected
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

\tfield:const void * addr;\toffset:8;\tsize:8;\tsigned:0;
\tfield:int state;\toffset:16;\tsize:4;\tsigned:1;
\tfield:__be16 port;\toffset:20;\tsize:2;\tsigned:0;
\tfield:char comm[16];\toffset:24;\tsize:16;\tsigned:0;
\tfield:__u8 daddr[4];\toffset:40;\tsize:4;\tsigned:0;
\tfield:__data_loc char[] path;\toffset:44;\tsize:4;\tsigned:0;
\tfield:pid_t pid;\toffset:48;\tsize:4;\tsigned:1;
\tfield:struct timespec now;\toffset:56;\tsize:24;\tsigned:0;

print fmt: "%d", REC->state
"""

RECORD = '''
class Connected(TracepointContext):
    """The record of net/connected: `@tracepoint("net", "connected")`."""

    addr = TracepointField(u64, 8)
    state = TracepointField(i32, 16)
    port = TracepointField(be16, 20)
    comm_ = TracepointField(CharArray[Literal[16]], 24)
    daddr = TracepointField(Array[u8, Literal[4]], 40)
    path = TracepointText(CharArray[Literal[64]], 44)
    pid_ = TracepointField(i32, 48)
    # now: left out, its type 'struct timespec' has no counterpart
'''


def test_the_record_of_a_tracepoint(tmp_path: Path) -> None:
    source = tracepoint_source("net", "connected", FORMAT)
    assert source.endswith(RECORD)
    record = bytearray(80)
    record[16:20], record[20:22], record[44:48] = b"\x05\0\0\0", b"\x01\xbb", (80).to_bytes(4, "little")
    context = imported(source, tmp_path).Connected(bytes(record) + b"/bin/true\0", pid=3)
    assert (context.state, context.port, context.pid_, context.pid) == (5, 443, 0, 3)
    assert str(context.path) == "/bin/true"


@pytest.mark.parametrize("line", ["\tfield:int x;\toffset:z;\tsize:4;", "\tfield:;\toffset:1;\tsize:4;"])
def test_a_damaged_format_is_refused(line: str) -> None:
    with pytest.raises(MalformedError, match="the line"):
        record_fields(line)


def test_the_command_reads_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kernel.btf"
    file.write_bytes(encode_btf(Btf(KERNEL, b"\0")))
    assert main(["generate", "struct", "place", "--btf", str(file)]) == 0
    assert 'class Place(KernelStruct, name="place"):' in capsys.readouterr().out
    assert main(["generate", "struct", "none", "--btf", str(file)]) == 2
    assert "no struct 'none'" in capsys.readouterr().err
    assert main(["generate", "tracepoint", "sched"]) == 2
