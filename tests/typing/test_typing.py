"""Both type checkers, strict: `accept.py` is clean, `reject.py` has errors on its marked lines only."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ACCEPT = HERE / "accept.py"
REJECT = HERE / "reject.py"


def mypy_lines(file: Path, folder: Path) -> dict[int, list[str]]:
    """The errors of mypy by line."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--no-error-summary",
        "--hide-error-context",
        "--no-pretty",
        str(file),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode in (0, 1), done.stderr
    found: dict[int, list[str]] = {}
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"(.+?):(\d+): error: (.*)", line)
        if match is None:
            continue
        assert (ROOT / match[1]).resolve() == file, line
        found.setdefault(int(match[2]), []).append(match[3])
    return found


def pyright_lines(file: Path, folder: Path) -> dict[int, list[str]]:
    """The errors of pyright by line."""
    # A configuration of its own: that of the project leaves the rejected file out.
    settings = {
        "include": [os.path.relpath(file, folder)],
        "extraPaths": [str(ROOT / "src")],
        "pythonVersion": "3.11",
        "pythonPlatform": "Linux",
        "typeCheckingMode": "strict",
        "reportUnusedExpression": "none",
    }
    configuration = folder / "pyrightconfig.json"
    configuration.write_text(json.dumps(settings))
    command = [
        sys.executable,
        "-m",
        "pyright",
        "--outputjson",
        "--pythonpath",
        sys.executable,
        "-p",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == 1
    found: dict[int, list[str]] = {}
    for diagnostic in report["generalDiagnostics"]:
        if diagnostic["severity"] == "error":
            found.setdefault(diagnostic["range"]["start"]["line"] + 1, []).append(diagnostic["message"])
    return found


CHECKERS = {"mypy": mypy_lines, "pyright": pyright_lines}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_accepted(checker: str, tmp_path: Path) -> None:
    assert CHECKERS[checker](ACCEPT, tmp_path) == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_rejected(checker: str, tmp_path: Path) -> None:
    marked = {
        number
        for number, line in enumerate(REJECT.read_text().splitlines(), start=1)
        if line.endswith("# error")
    }
    assert marked
    found = CHECKERS[checker](REJECT, tmp_path)
    assert {line: found[line] for line in found.keys() - marked} == {}
    assert marked - found.keys() == set()
