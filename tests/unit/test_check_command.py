"""`osmia check`, as far as it needs no kernel."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from osmia.cli.main import main
from osmia.compiler.compile import compile_programs
from osmia.errors import VerifierError
from osmia.loader import read_object
from osmia.loader.features import Answer, Features
from osmia.loader.judgement import Complexity, Verdict, judge, read_statistics
from tests.builders.fake_kernel import FakeKernel
from tests.builders.kernel_modules import import_file, programs_of

FINDINGS = Path(__file__).with_name("compiler") / "findings"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_every_finding_of_every_program_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "two_programs.py"
    file.write_text(
        "from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp\n\n"
        "counts = HashMap(u32, u64, max_entries=16)\n\n\n"
        "@xdp\ndef one(ctx: XdpContext) -> XdpAction:\n    counts[u32(1)].value\n    return 1.5\n\n\n"
        "@xdp\ndef two(ctx: XdpContext) -> XdpAction:\n    print(ctx)\n    return XdpAction.PASS\n"
    )
    assert main(["check", str(file)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    for line in (8, 9, 14):
        assert f'File "{file}", line {line}\n' in printed.err
    assert printed.err.count("\nhelp: ") >= 3
    assert main(["check", "--json", str(file)]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["programs"] == []
    assert [each["line"] for each in data["findings"]] == [8, 9, 14]
    first = data["findings"][0]
    assert first["code"] == "map-read"
    assert (first["file"], first["column"], first["end_column"]) == (str(file), 5, 19)
    assert first["help"]


def test_faults_that_only_machine_code_shows_are_told_of_each_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (FINDINGS / "large_struct.py").read_text()
    (name,) = (program.name for program in programs_of(import_file(FINDINGS / "large_struct.py")))
    file = tmp_path / "large_structs.py"
    body = text[text.index("@xdp") :]
    file.write_text(text + "\n\n" + body.replace(name, "another"))
    assert main(["check", "--json", str(file)]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [each["code"] for each in found] == ["stack-limit", "stack-limit"]


def test_without_the_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--no-kernel", "--json", str(EXAMPLES / "xdp_counter.py")]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["findings"] == []
    (program,) = data["programs"]
    assert (program["name"], program["type"], program["verdict"]) == ("xdp_counter", "xdp", "not judged")
    assert program["instructions"] > 10


def test_a_file_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nowhere.py"]) == 2
    assert "there is no file nowhere.py" in capsys.readouterr().err


def test_statistics_of_old_and_new_kernels() -> None:
    new = (
        "verification time 184 usec\nstack depth 16+8\n"
        "processed 72 insns (limit 1000000) max_states_per_insn 1 total_states 7 peak_states 6 mark_read 0\n"
    )
    assert read_statistics(new) == Complexity(72, 1_000_000, (16, 8), 6, 7, 184)
    assert read_statistics("") is None


def test_each_program_is_judged_by_itself() -> None:
    path = EXAMPLES / "xdp_counter.py"
    spec = read_object(compile_programs(programs_of(import_file(path))))
    kernel = FakeKernel(
        refuse={"program_load": [errno.EACCES, errno.EACCES]},
        log="0: (b7) r0 = 0\nback-edge from insn 1 to 0\n",
    )
    (refused,) = judge(spec, kernel)
    assert refused.verdict is Verdict.REFUSED
    assert isinstance(refused.error, VerifierError)
    (accepted,) = judge(spec, kernel)
    assert (accepted.verdict, accepted.error) == (Verdict.ACCEPTED, None)
    (not_permitted,) = judge(spec, FakeKernel(held=frozenset()))
    assert not_permitted.verdict is Verdict.NOT_JUDGED
    assert "CAP_BPF" in str(not_permitted.error)
    assert kernel.open == {}


def test_what_is_held_and_locked_down() -> None:
    class Locked(FakeKernel):
        def lockdown(self) -> str | None:
            return "confidentiality"

    features = Features(Locked(held=frozenset()))
    assert features.feature("CAP_BPF").answer is Answer.NO
    assert features.feature("no lockdown").answer is Answer.NO
    assert "confidentiality" in features.feature("no lockdown").reason
