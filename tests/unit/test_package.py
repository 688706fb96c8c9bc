"""What is installed: a wheel that builds the same each time, the man page, completion, the version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from osmia.cli.main import main
from osmia.cli.new import TEMPLATES
from tools import generate_shell_files

ROOT = Path(__file__).resolve().parents[2]


def built(folder: Path, kind: str) -> Path:
    """Build from a copy with times of its own, as another machine would."""
    copy = folder / "source"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "site", "build", "dist")
    shutil.copytree(ROOT, copy, ignore=ignored, copy_function=shutil.copyfile)
    script = f"import flit_core.buildapi as b; print(b.build_{kind}({str(folder)!r}))"
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_builds_the_same_each_time(tmp_path: Path, kind: str) -> None:
    files: list[bytes] = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        files.append(built(folder, kind).read_bytes())
    assert files[0] == files[1]


def test_the_wheel_has_templates_and_man_page(tmp_path: Path) -> None:
    names = zipfile.ZipFile(built(tmp_path, "wheel")).namelist()
    for template in TEMPLATES:
        stem = f"osmia/templates/{template.replace('-', '_')}"
        assert {f"{stem}.py", f"{stem}_test.py"} <= set(names)
    assert "osmia/py.typed" in names
    assert any(name.endswith("share/man/man1/osmia.1") for name in names)
    assert any(name.endswith("share/bash-completion/completions/osmia") for name in names)


def test_man_page_and_completion_are_those_of_the_commands() -> None:
    how = "run: python -m tools.generate_shell_files"
    assert generate_shell_files.MAN_PAGE.read_text() == generate_shell_files.man_page(), how
    assert generate_shell_files.COMPLETION.read_text() == generate_shell_files.completion(), how


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["osmia", "ne"], "new"),
        (["osmia", "new", "--template", "kp"], "kprobe"),
        (["osmia", "monitor", "block", "prev"], "preview"),
        (["osmia", "run", "--interf"], "--interface"),
    ],
)
def test_completion_in_bash(words: list[str], expected: str) -> None:
    script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _osmia; echo "${COMPREPLY[*]}"'
    command = ["bash", "-c", script, str(generate_shell_files.COMPLETION), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (expected, "")


def test_the_version_names_kernel_and_compiler(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    said = capsys.readouterr().out.strip()
    assert re.fullmatch(r"osmia [\d.]+ \(Linux \S+, LLVM \d+\.\d+\.\d+, Python 3\.\d+\.\S+\)", said)
    assert os.uname().release in said
