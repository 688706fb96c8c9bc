"""What the README shows is what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from osmia.cli import monitor
from osmia.cli.main import main, parser

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
EXAMPLE = (ROOT / "examples" / "xdp_counter.py").read_text()


def test_the_program_is_the_example() -> None:
    assert PYTHON[0].strip() == EXAMPLE.strip()


def test_the_test_of_the_program_passes() -> None:
    imports = "from osmia.packets import ethernet, ipv4, udp\n"
    names: dict[str, object] = {"__name__": "readme"}
    exec(compile(EXAMPLE, str(ROOT / "examples" / "xdp_counter.py"), "exec"), names)
    exec(imports + PYTHON[1], names)
    check = names["test_counter_counts_from_the_first_packet"]
    assert callable(check)
    check()


def test_the_message_is_the_compilers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unchecked = EXAMPLE.replace("    if count is not None:\n    ", "")
    file = tmp_path / "counter.py"
    file.write_text(unchecked)
    assert main(["build", str(file), "-o", str(tmp_path / "counter.o")]) == 1
    shown = next(text for _, text in BLOCKS if "CompileError" in text)
    assert capsys.readouterr().err.strip().replace(str(file), "counter.py") == shown.strip()


@pytest.mark.parametrize("line", re.findall(r"\.venv/bin/osmia ([^#\n]+)", README))
def test_commands_are_what_the_command_takes(line: str) -> None:
    words = with_default_command_of(shlex.split(line))
    arguments = parser().parse_args(words)
    assert callable(arguments.handler)


def with_default_command_of(words: list[str]) -> list[str]:
    return ["monitor", *monitor.with_default_command(words[1:])] if words[0] == "monitor" else words
