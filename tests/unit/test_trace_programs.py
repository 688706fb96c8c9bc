"""One-liners without a kernel: formats, expressions, program texts, and what they do when simulated."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, cast

import pytest

import osmia
from osmia import Bpf, CompileError, Histogram, MalformedError, TracepointContext, TracingProgram, UsageError
from osmia.compiler import compile_programs
from osmia.lang.buckets import Bucket
from osmia.tracing import tables
from osmia.tracing.expressions import parse
from osmia.tracing.probes import Probe, ProbeKind, expand
from osmia.tracing.program import Action, Request, TraceProgram, write_program
from osmia.tracing.program_file import import_text
from osmia.tracing.program_text import Column
from osmia.tracing.record_format import RecordField, parse_format
from osmia.tracing.rows import Snapshot, merged, text_of, values_of
from osmia.tracing.terms import Number, Text
from osmia.tracing.tracefs import TracepointCatalogue

COMMON = """\
name: example
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

"""
OPEN = (
    COMMON
    + """\
\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;
\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;
\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;
\tfield:umode_t mode;\toffset:32;\tsize:8;\tsigned:0;

print fmt: "dfd: 0x%08lx", REC->dfd
"""
)
MIXED = (
    COMMON
    + """\
\tfield:__data_loc char[] text;\toffset:8;\tsize:4;\tsigned:0;
\tfield:char name[16];\toffset:12;\tsize:16;\tsigned:0;
\tfield:unsigned long count;\toffset:32;\tsize:8;\tsigned:0;
\tfield:u16 pair[2];\toffset:40;\tsize:4;\tsigned:0;
\tfield:bool yes;\toffset:44;\tsize:1;\tsigned:0;
\tfield:pid_t pid;\toffset:48;\tsize:4;\tsigned:1;
\tfield:__data_loc u64[] others;\toffset:52;\tsize:4;\tsigned:0;
\tfield:void * place;\toffset:56;\tsize:8;\tsigned:0;
"""
)
CALL = Probe(ProbeKind.TRACEPOINT, "sys_enter_openat", "syscalls", parse_format(OPEN))
EVENT = Probe(ProbeKind.TRACEPOINT, "event", "room", parse_format(MIXED))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def request(action: Action = Action.COUNT, value: str = "", probe: Probe = EVENT, **rest: Any) -> Request:
    return Request((probe,), action, value, **rest)


def program_of(program: TraceProgram) -> tuple[dict[str, Any], TracingProgram[Any]]:
    """The names of a program, and the one that is attached."""
    names = vars(import_text(program.text))
    return names, programs_in(names)[0]


def programs_in(names: dict[str, Any]) -> tuple[TracingProgram[Any], ...]:
    """The programs in the order of their declaration."""
    found: list[TracingProgram[Any]] = [each for each in names.values() if isinstance(each, TracingProgram)]
    return tuple(found)


def run(bpf: Bpf, program: TracingProgram[Any], context: TracepointContext) -> None:
    cast("Any", bpf[program]).run(context)


def entries(bpf: Bpf, declaration: Any) -> Any:
    """The user side of a map whose type only the program's text knows."""
    return cast("Any", bpf)[declaration]


def record(*, count: int = 0, text: bytes = b"", name: bytes = b"", yes: bool = False) -> bytes:
    """A record of the tracepoint room:event."""
    data = bytearray(64)
    data[8:12] = (64 | len(text) + 1 << 16).to_bytes(4, "little")
    data[12:28] = name.ljust(16, b"\0")
    data[32:40] = count.to_bytes(8, "little")
    data[40:44] = bytes((1, 0, 2, 0))
    data[44] = yes
    data[48:52] = (-5).to_bytes(4, "little", signed=True)
    return bytes(data) + text + b"\0"


def faults(**parts: Any) -> list[str]:
    with pytest.raises(CompileError) as caught:
        write_program(request(**parts))
    return [f"{each.code}: {each.message}" for each in caught.value.diagnostics]


def test_fields_of_a_format() -> None:
    fields = parse_format(MIXED).fields
    assert fields["name"] == RecordField("name", "char", 12, 16, False, 16)
    assert fields["text"].is_data_loc
    assert [name for name, field in fields.items() if field.is_text] == ["text", "name"]
    assert [name for name, field in fields.items() if field.is_pointer] == ["place"]
    assert [fields[name].declaration for name in ("text", "name", "count")] == [
        "char text[]",
        "char name[16]",
        "unsigned long count",
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("\tfield:int x;\toffset:8;", "is no field"),
        ("\tfield:x;\toffset:8;\tsize:4;\tsigned:1;", "is no field"),
        ("\tfield:;\toffset:8;\tsize:4;\tsigned:1;", "is no field"),
        ("\tfield:int x;\toffset:-8;\tsize:4;\tsigned:1;", "is no field"),
        ("\tfield:int x;\toffset:99999999;\tsize:4;\tsigned:1;", "reaches behind"),
        ("\tfield:int x[3];\toffset:8;\tsize:4;\tsigned:1;", "are no 3 elements"),
        ("\tfield:int common_pid;\toffset:8;\tsize:4;\tsigned:1;", "a second time"),
        ("\n".join(f"\tfield:int x{n};\toffset:8;\tsize:4;\tsigned:1;" for n in range(600)), "more than 512"),
    ],
)
def test_malformed_formats(line: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        parse_format(COMMON + line)


def test_formats_without_fields_and_too_large_ones() -> None:
    with pytest.raises(MalformedError, match="no fields"):
        parse_format("")
    with pytest.raises(MalformedError, match="more than"):
        parse_format(" " * (2 << 20))


def test_probes_of_a_tree(tmp_path: Path) -> None:
    for name in ("a/one", "a/two", "b/one"):
        folder = tmp_path / "events" / name
        folder.mkdir(parents=True)
        (folder / "format").write_text(OPEN)
    (tmp_path / "events" / "enable").write_text("0")

    def catalogue() -> TracepointCatalogue:
        return TracepointCatalogue(tmp_path)

    def names(*patterns: str) -> list[str]:
        return [str(probe) for probe in expand(patterns, catalogue)]

    assert names("tracepoint:a:*") == ["tracepoint:a:one", "tracepoint:a:two"]
    assert names("tracepoint:?:one", "tracepoint:a:one") == ["tracepoint:a:one", "tracepoint:b:one"]
    assert names("raw_tracepoint:tw?") == ["raw_tracepoint:two"]
    assert names("kprobe:a.b", "kretprobe:c") == ["kprobe:a.b", "kretprobe:c"]
    for wrong in (
        "tracepoint:a:three",
        "tracepoint:c:one",
        "tracepoint:..:one",
        "kprobe:a b",
        "a",
        "kprobe:*",
    ):
        with pytest.raises(UsageError):
            names(wrong)


def test_many_probes_are_refused(tmp_path: Path) -> None:
    for number in range(130):
        (tmp_path / "events" / "a" / f"x{number}").mkdir(parents=True)
    with pytest.raises(UsageError, match="130 probes match, at most 128"):
        expand(["tracepoint:a:*"], lambda: TracepointCatalogue(tmp_path))


@pytest.mark.parametrize(
    "made",
    [
        request(),
        request(Action.SUM, "count"),
        request(Action.SUM, "-count + pid", key="comm, text, yes, probe"),
        request(Action.HISTOGRAM, "elapsed // 1000", since=(CALL,)),
        request(Action.HISTOGRAM, "args.pid", key="cpu, uid, gid"),
        request(Action.PRINT, "comm, text, name, count, pair[1], yes, args.pid, place, nsecs, 1 << 40"),
        request(Action.PRINT, "pid if yes else -1, tid in (1, 2), comm[0], not text", filter="0 < count < 9"),
        request(
            Action.PRINT, "filename, mode, dfd", CALL, filter="filename.startswith('/etc/') or comm == 'sh'"
        ),
        request(
            key="arg0, user_str(arg1), kernel_str(arg2)", probe=Probe(ProbeKind.RAW_TRACEPOINT, "sys_enter")
        ),
        request(key="arg5", probe=Probe(ProbeKind.KPROBE, "vfs_read.part.0")),
        request(Action.HISTOGRAM, "retval", Probe(ProbeKind.KRETPROBE, "vfs_read")),
        Request((CALL, EVENT), key="probe, common_pid"),
    ],
    ids=lambda made: f"{made.action.value} {made.value} {made.key}",
)
def test_programs_compile(made: Request) -> None:
    names = vars(import_text(write_program(made).text))
    programs = programs_in(names)
    assert len(programs) == len(made.probes) + len(made.since)
    assert compile_programs(programs).startswith(b"\x7fELF")


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("count == 7", True),
        ("count", True),
        ("count - 8 < 0", False),  # unsigned, as the field is
        ("args.pid < 0 and -args.pid == 5", True),
        ("args.pid // 2 == -2 and args.pid % 2 == -1", True),
        ("args.pid < count", True),
        ("3 < count < 9 < 10", True),
        ("count in (1, 2)", False),
        ("count not in [1, 2]", True),
        ("comm == 'sh' and comm != 'bash' and 'sh' == comm", True),
        ("comm in ('bash', 'ssh', 'sh')", True),
        ("text == '/etc/some/long/path'", True),
        ("text == '/etc/some/long/pat'", False),
        ("text == '/etc/some/long/path1'", False),
        ("text.startswith('/etc/some/')", True),
        ("text.startswith('/usr/some/')", False),
        ("name == ''", True),
        ("not name and yes", True),
        ("pair[0] == 1 and pair[1] == 2", True),
        ("(1 if yes else 2) == 1", True),
        ("(count | 8) == 15 and ~count == -8 and count >> 1 == 3 and count << 1 ^ 1 == 15", True),
        ("place == 0", True),
    ],
)
def test_filters_are_python(expression: str, holds: bool) -> None:
    names, program = program_of(write_program(request(filter=expression)))
    data = record(count=7, text=b"/etc/some/long/path", yes=True)
    with osmia.simulate(program) as bpf:
        run(bpf, program, TracepointContext(data, pid=9, comm="sh"))
        assert entries(bpf, names["totals"])[0].sum() == holds


def test_keys_are_counted_and_one_process_is_left_out() -> None:
    made = write_program(request(key="comm, text, yes"))
    names, program = program_of(made)
    own = osmia.u32(44)
    with osmia.simulate(program, constants={names["own_pid"]: own}) as bpf:
        for text in (b"a", b"b", b"a"):
            run(bpf, program, TracepointContext(record(text=text), pid=9, comm="sh"))
        run(bpf, program, TracepointContext(record(text=b"a"), pid=44, comm="sh"))
        rows = {
            values_of(key, made.columns, (EVENT,)): values.sum()
            for key, values in entries(bpf, names["totals"]).items()
        }
    assert rows == {("sh", "a", False): 2, ("sh", "b", False): 1}


def test_printed_text_comes_from_memory_and_is_cut_off() -> None:
    made = write_program(request(Action.PRINT, "filename, dfd, mode", CALL))
    names, program = program_of(made)
    data = bytearray(40)
    data[16:24] = (0xFFFF_FF9C | 7 << 32).to_bytes(8, "little")  # the upper half of a register is arbitrary
    data[24:32] = (0x1000).to_bytes(8, "little")
    with osmia.simulate(program) as bpf:
        for text in (b"/etc/hosts\0behind", b"x" * 300, b""):
            bpf.kernel.texts[0x1000] = text
            run(bpf, program, TracepointContext(bytes(data), pid=9))
        rows = [values_of(event, made.columns, (CALL,)) for event in entries(bpf, names["events"]).read(0)]
    assert rows == [("/etc/hosts", -100, 0), ("x" * 127 + "…", -100, 0), ("", -100, 0)]


def test_time_since_another_probe() -> None:
    made = write_program(request(Action.HISTOGRAM, "elapsed", since=(CALL,)))
    names = vars(import_text(made.text))
    end, start = programs_in(names)
    with osmia.simulate(end, start) as bpf:
        bpf.kernel.tick_ns = 0
        run(bpf, end, TracepointContext(record(), pid=9, tid=3))
        run(bpf, start, TracepointContext(bytes(40), pid=9, tid=3))
        bpf.kernel.clock_ns += 5000
        run(bpf, end, TracepointContext(record(), pid=9, tid=4))
        run(bpf, end, TracepointContext(record(), pid=9, tid=3))
        run(bpf, end, TracepointContext(record(), pid=9, tid=3))
        histogram: Histogram = entries(bpf, names["histogram"])
    assert [(bucket.low, bucket.count) for bucket in histogram.shown()] == [(4096, 1)]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("pid +", "trace-syntax: this is no Python expression: invalid syntax"),
        ("pid, tid", "trace-syntax: one expression is expected here, not several"),
        ("pod", "trace-name: tracepoint:room:event has no 'pod'"),
        ("args.pod", "trace-name: tracepoint:room:event hands out no field 'pod'"),
        ("others", "trace-type: the field 'others' of tracepoint:room:event is neither a number nor a text"),
        ("pid / 2", "trace-type: `pid / 2` is not for integers"),
        ("pid + comm", "trace-type: `+` is not for a number and a text"),
        ("comm < 'sh'", "trace-type: `<` is not for a text and a text"),
        ("pid is None", "trace-refused: `is` cannot run at a probe"),
        ("pid == None", "trace-refused: a NoneType cannot run at a probe"),
        ("pid == 1.5", "trace-refused: a float cannot run at a probe"),
        ("'etc' in text", "trace-type: `in` is not for `text`"),
        (
            "comm == 'much longer than a comm'",
            "trace-range: this text is never found: there are at most 15 bytes",
        ),
        ("pair[2] == 1", "trace-range: 2 is not between 0 and 1"),
        ("pair[pid] == 1", "trace-type: an index is not for what is not known before"),
        ("pid == 1 << 63", "trace-range: 9223372036854775808 is not between -9223372036854775808 and"),
        ("1 // 0", "trace-type: division is not for a zero divisor"),
        ("open('/etc/passwd')", "trace-type: `open(…)` is not for expressions of a probe"),
        ("(lambda: 1)", "trace-refused: `lambda: 1` cannot run at a probe"),
        ("[x for x in (1, 2)]", "trace-refused: `[x for x in (1, 2)]` cannot run at a probe"),
        ("comm.__class__", "trace-refused: `comm.__class__` cannot run at a probe"),
        ("elapsed > 1", "trace-name: tracepoint:room:event has no 'elapsed'"),
        ("(" * 300 + "1" + ")" * 300, "trace-syntax: this is no Python expression"),
        ("-" * 900 + "pid", "trace-syntax: this is no Python expression: it is nested too deeply"),
        ("pid" * 700, "trace-syntax: this is no Python expression: it has more than 2000 characters"),
        ("pid == '\0'", "trace-syntax: this is no Python expression"),
    ],
)
def test_faults(expression: str, message: str) -> None:
    (found,) = faults(filter=expression)
    assert found.startswith(message)


def test_all_faults_come_at_once_with_their_places() -> None:
    with pytest.raises(CompileError) as caught:
        write_program(request(key="comm, pod, txt", filter="pid ==", probe=EVENT))
    quotes = [each.span.quote() for each in caught.value.diagnostics]
    assert quotes == [
        '  File "--filter", line 1\n    pid ==\n          ^',
        '  File "--key", line 1\n    comm, pod, txt\n          ^^^',
        '  File "--key", line 1\n    comm, pod, txt\n               ^^^',
    ]


def test_expressions_of_two_kinds_at_two_probes() -> None:
    other = Probe(
        ProbeKind.TRACEPOINT, "x", "room", parse_format(COMMON + OPEN.split("\n\n")[1].replace("dfd", "text"))
    )
    with pytest.raises(UsageError, match="text is not of one kind at all 2 probes"):
        write_program(Request((EVENT, other), key="text"))


def test_rows_that_are_too_large() -> None:
    with pytest.raises(UsageError, match="too large together"):
        write_program(request(Action.PRINT, ", ".join(["text", "name"] * 8)))
    with pytest.raises(UsageError, match="17 parts"):
        write_program(request(key=", ".join(["pid"] * 17)))


def test_titles_are_what_was_written() -> None:
    made = write_program(request(Action.PRINT, "args.pid,pid, 1"))
    assert [(column.title, column.field) for column in made.columns] == [
        ("args.pid", "pid"),
        ("pid", "value_2"),
        ("1", "value_3"),
    ]
    assert ast.get_docstring(ast.parse(made.text)) == "A program of `osmia trace`."


def test_a_shared_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "osmia" / "programs").mkdir(parents=True)
    (tmp_path / "osmia" / "programs").chmod(0o777)
    with pytest.raises(UsageError, match="others could change programs"):
        import_text("x = 1\n")


def test_the_text_that_was_written_is_run_and_kept(tmp_path: Path) -> None:
    module = import_text("x = 1\n")
    assert vars(module)["x"] == 1
    assert Path(str(module.__file__)).read_text() == "x = 1\n"
    assert Path(str(module.__file__)).is_relative_to(tmp_path)


COLUMNS = (Column("comm", "comm", Text(16)), Column("where", "where", Number(signed=False, is_address=True)))


def test_tables() -> None:
    snapshot = Snapshot({("sh", 16): 7, ("a\x1b[2J", 255): 1200}, {}, 0)
    assert tables.snapshot_text(snapshot, COLUMNS, "count", None).splitlines() == [
        "comm      where  count",
        "a\\x1b[2J   0xff  1,200",
        "sh         0x10      7",
    ]
    assert tables.snapshot_text(snapshot, COLUMNS, "count", 2).splitlines()[-1] == "(2 more lines)"
    assert tables.snapshot_json(snapshot, COLUMNS, "count") == (
        '{"rows": [{"comm": "a\\u001b[2J", "where": 255, "count": 1200}, '
        '{"comm": "sh", "where": 16, "count": 7}], "lost": 0}'
    )


def test_tables_of_histograms() -> None:
    few, many = (Histogram((Bucket(0, 0, 0), Bucket(1, 1, count))) for count in (1, 3))
    snapshot = Snapshot({}, {("a", 1): few, ("b", 2): many}, 2)
    lines = tables.snapshot_text(snapshot, COLUMNS, "size", None).splitlines()
    assert [line for line in lines if line.startswith("comm")] == ["comm b, where 0x2", "comm a, where 0x1"]
    assert merged(few, many).total == 4
    assert '"size": [{"low": 1, "high": 1, "count": 3}]' in tables.snapshot_json(snapshot, COLUMNS, "size")


def test_what_came_between_two_snapshots() -> None:
    few, many = (Histogram((Bucket(0, 0, count),)) for count in (1, 3))
    early = Snapshot({("a",): 3, ("b",): 2}, {("h",): few, ("i",): few}, 1)
    late = Snapshot({("a",): 3, ("b",): 9, ("c",): 1}, {("h",): many, ("i",): few}, 5)
    change = late.since(early)
    assert change.totals == {("b",): 7, ("c",): 1}
    assert {key: histogram.total for key, histogram in change.histograms.items()} == {("h",): 2}
    assert change.lost == 4


def test_events_as_lines() -> None:
    assert tables.heading(COLUMNS) == "comm                where"
    assert tables.event_text(("sh", 16), COLUMNS) == "sh                   0x10"
    assert tables.event_json(("sh", 16), COLUMNS) == '{"comm": "sh", "where": 16}'
    assert text_of("line\nbreak\x7f ü", COLUMNS[0]) == "line\\nbreak\\x7f ü"


def test_one_line_is_parsed() -> None:
    assert [each.title for each in parse("--key", " comm ,\n pid+1 ", several=True)] == ["comm", "pid + 1"]
