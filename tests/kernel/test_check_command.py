"""`osmia check` with the verifier of this kernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osmia.bpf.features import Answer, features, helpers
from osmia.cli.main import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_an_accepted_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(EXAMPLES / "xdp_counter.py")]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["program", "verdict", "instructions", "processed"]
    name, verdict, instructions, processed, *_ = row.split()
    assert (name, verdict) == ("xdp_counter", "accepted")
    assert int(processed) >= int(instructions) // 2 > 0


def test_verdicts_of_programs_that_the_verifier_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(__file__).with_name("test_verifier_errors.py")
    assert main(["check", "--json", str(file)]) == 1
    programs = {each["name"]: each for each in json.loads(capsys.readouterr().out)["programs"]}
    assert programs["unbounded"]["verdict"] == "refused"
    reason = programs["unbounded"]["reason"]
    assert "loop" in reason["message"]
    assert "# here" in file.read_text().splitlines()[reason["line"] - 1]
    assert reason["help"]
    assert reason["log"]


def test_numbers_of_the_verifier(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(EXAMPLES / "xdp_counter.py")]) == 0
    (program,) = json.loads(capsys.readouterr().out)["programs"]
    assert program["verdict"] == "accepted"
    assert 0 < program["processed_instructions"] <= program["instruction_limit"]
    assert 0 < sum(program["stack_bytes"]) <= 512
    assert 0 < program["peak_states"] <= program["total_states"]


@pytest.mark.core
def test_what_this_kernel_can_do() -> None:
    found = {each.name: each for each in features()}
    for name in ("XDP programs", "BPF links", "processor v3", "hash map", "ring buffer", "CAP_BPF"):
        assert found[name].answer is Answer.YES, found[name]
    assert all(each.reason for each in found.values() if each.answer is not Answer.YES)
    allowed = helpers()["XDP"]
    assert allowed is not None
    assert {"map_lookup_elem", "redirect"} <= allowed
    assert "skb_store_bytes" not in allowed


def test_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    text = capsys.readouterr().out
    assert "XDP programs" in text
    assert "helpers of XDP programs" in text
