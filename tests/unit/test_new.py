"""`osmia new`: what each template gives runs, tests and type-checks at once."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from osmia.cli.main import main
from osmia.cli.new import TEMPLATES, project_files
from osmia.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects")
    for template in TEMPLATES:
        done = python(folder, "osmia.cli.main", "new", f"my-{template}", "--template", template)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("template", TEMPLATES)
def test_its_test_passes_and_it_compiles(projects: Path, template: str) -> None:
    folder = projects / f"my-{template}"
    module = f"my_{template.replace('-', '_')}"
    tested = python(folder, "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout
    built = python(folder, "osmia.cli.main", "build", f"{module}.py", "-o", f"{module}.o")
    assert built.returncode == 0, built.stderr
    assert (folder / f"{module}.o").read_bytes().startswith(b"\x7fELF")


def test_both_type_checkers_take_all_of_them(projects: Path) -> None:
    for template in TEMPLATES:
        folder = projects / f"my-{template}"
        settings = (folder / "pyproject.toml").read_text()
        assert "strict = true" in settings
    files = [str(file) for file in sorted(projects.glob("*/*.py"))]
    assert len(files) == 2 * len(TEMPLATES)
    environment = {**os.environ, "MYPYPATH": ":".join([str(ROOT / "src"), *map(str, projects.iterdir())])}
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *files]
    done = subprocess.run(command, cwd=projects, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout
    configuration = projects / "pyrightconfig.json"
    paths = ", ".join(f'"{path}"' for path in [ROOT / "src", *projects.iterdir()])
    configuration.write_text(f'{{"typeCheckingMode": "strict", "extraPaths": [{paths}]}}')
    done = python(projects, "pyright", "--pythonpath", sys.executable, "-p", str(configuration))
    assert done.returncode == 0, done.stdout


def test_they_are_formatted_as_this_repository(projects: Path) -> None:
    configuration = str(ROOT / "pyproject.toml")
    done = python(projects, "ruff", "format", "--check", "--config", configuration, ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["1st", "Über", "a b", "class", "socket", "osmia", "../up", ""])
def test_names_that_no_module_can_have(name: str) -> None:
    with pytest.raises(UsageError):
        project_files(name, "xdp")


@pytest.mark.usefixtures("in_own_folder")
def test_nothing_is_asked_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["new"], ["new", "counter"]):
        assert main(arguments) == 2
        assert "missing" in capsys.readouterr().err
    assert not list(Path().iterdir())


@pytest.mark.usefixtures("in_own_folder")
def test_what_is_there_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("counter").mkdir()
    assert main(["new", "counter", "--template", "xdp"]) == 2
    assert "counter is there already" in capsys.readouterr().err
    assert not list(Path("counter").iterdir())


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "osmia.cli.main", "new"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, b"counter\n2\n")
        assert process.wait(60) == 0
    os.close(ours)
    assert "@classifier" in (tmp_path / "counter" / "counter.py").read_text()


@pytest.fixture
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
