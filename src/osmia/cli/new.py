"""`osmia new`: a project of one module, its test and a README, for a kind of program."""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from osmia.cli.subcommands import SubCommands
from osmia.errors import UsageError

__all__ = ["TEMPLATES", "Template", "add_parser", "project_files"]


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of program to start with."""

    summary: str
    """What the program does, in a few words."""
    run: str
    """How `osmia run` is called for it, behind the command's name; FILE is the module."""
    needs: str
    """What the machine must have."""


TEMPLATES = {
    "xdp": Template("count and drop received packets", "-i eth0 FILE 192.0.2.7", "Linux 5.10"),
    "tc": Template("count what an interface sends", "-i eth0 FILE", "Linux 5.10"),
    "tracepoint": Template("an event for each system call", "FILE", "Linux 5.10, tracefs"),
    "btf-tracepoint": Template("programs that are started", "FILE", "Linux 5.10, BTF"),
    "kprobe": Template("calls of a kernel function", "FILE", "Linux 5.10, CONFIG_KPROBES"),
    "fentry": Template(
        "arguments of a kernel function", "FILE", "Linux 5.10, BTF, CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
    ),
    "lsm": Template(
        "deny what a user does", "FILE 65534", 'Linux 5.10, BTF, "bpf" in /sys/kernel/security/lsm'
    ),
    "uprobe": Template("calls of a library function", "FILE", "Linux 5.10, CONFIG_UPROBES"),
    "perf-event": Template("sample what the processors do", "FILE", "Linux 5.10"),
    "cgroup-skb": Template(
        "filter what a control group sends", "FILE /sys/fs/cgroup/NAME", "Linux 5.10, cgroup2 mounted"
    ),
    "cgroup-sock-addr": Template(
        "where a control group may connect to", "FILE /sys/fs/cgroup/NAME 443", "Linux 5.10, cgroup2 mounted"
    ),
    "socket-filter": Template("choose what a socket gets", "-i eth0 FILE 192.0.2.7", "Linux 5.10"),
}
"""By name; the module of a template has underscores for hyphens."""


def add_parser(subparsers: SubCommands) -> None:
    """Add the sub-command."""
    kinds = "\n".join(f"  {name:17} {template.summary}" for name, template in TEMPLATES.items())
    parser = subparsers.add_parser(
        "new",
        help="start a project",
        description="Make a folder with a program, its test, a README and the settings of pytest, mypy and "
        "pyright.\nOn a terminal it asks for what was not given.\n\ntemplates:\n" + kinds,
        epilog="example: osmia new counter --template xdp",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="of the project; its folder is made here")
    parser.add_argument(
        "-t", "--template", choices=tuple(TEMPLATES), metavar="TEMPLATE", help="one of those above"
    )
    parser.add_argument("--list", action="store_true", help="list the templates and end")
    parser.set_defaults(handler=_new)


def _new(arguments: argparse.Namespace) -> int:
    if arguments.list:
        for kind, row in TEMPLATES.items():
            print(f"{kind:17} {row.summary} ({row.needs})")
        return 0
    path = Path(arguments.name or _ask("Name of the project", "give it: osmia new NAME --template xdp"))
    if path.name != str(path):
        raise UsageError(f"{path} is no name", "go to the folder that it shall be in, and give a name only")
    template: str = arguments.template or _ask_template()
    files = project_files(path.name, template)
    try:
        path.mkdir()
    except FileExistsError:
        raise UsageError(f"{path} is there already", "choose another name, or remove it") from None
    for name, text in files.items():
        (path / name).write_text(text)
        print(path / name)
    print(f"\ncd {path} && python -m pytest     # its test, without root")
    print(f"sudo osmia run {_run_line(path.name, template)}")
    return 0


def project_files(name: str, template: str) -> dict[str, str]:
    """The files of a project, by their names.

    Raises:
        UsageError: the name cannot be that of a module, or there is no such template.
    """
    module = name.replace("-", "_")
    if re.fullmatch(r"[a-z][a-z0-9_]*", module) is None or keyword.iskeyword(module):
        raise UsageError(
            f"{name!r} cannot be the name of a Python module",
            "take small letters, digits and hyphens, and begin with a letter",
        )
    if module in sys.stdlib_module_names or module in ("osmia", "numpy", "llvmlite", "pytest"):
        raise UsageError(f"there is another Python module {module}", "choose another name")
    if template not in TEMPLATES:
        raise UsageError(f"there is no template {template}", f"choose one of: {', '.join(TEMPLATES)}")
    source = template.replace("-", "_")
    folder = resources.files("osmia") / "templates"
    test = (folder / f"{source}_test.py").read_text()
    # The import of the project's own module stands last, as its name did among those of osmia.
    own = re.search(rf"^from osmia\.templates\.{source} import .*\n", test, re.MULTILINE)
    assert own is not None
    test = test.replace(own[0], "\n" + own[0].replace(f"osmia.templates.{source}", module), 1)
    program = (folder / f"{source}.py").read_text()
    return {
        f"{module}.py": program,
        f"test_{module}.py": test,
        "README.md": _readme(name, template, program),
        "pyproject.toml": _PYPROJECT.format(name=name, module=module, summary=TEMPLATES[template].summary),
        ".gitignore": "__pycache__/\n.mypy_cache/\n.pytest_cache/\n.venv/\n*.o\n",
    }


def _run_line(name: str, template: str) -> str:
    return TEMPLATES[template].run.replace("FILE", name.replace("-", "_") + ".py")


def _readme(name: str, template: str, program: str) -> str:
    first = program.split('"""')[1]
    module = name.replace("-", "_")
    return f"""# {name}

{first}

    python -m pytest                   # the test: plain Python, no root
    mypy . && pyright                  # both strict
    osmia build {module}.py            # an ELF object, for any loader
    sudo osmia run {_run_line(name, template)}

The last one needs {TEMPLATES[template].needs}.
"""


_PYPROJECT = """\
[build-system]
requires = ["flit_core>=3.12,<4"]
build-backend = "flit_core.buildapi"

[project]
name = "{name}"
version = "0.1.0"
description = "{summary}"
requires-python = ">=3.11"
dependencies = ["osmia"]

[project.optional-dependencies]
dev = ["mypy", "pyright", "pytest"]

[tool.flit.module]
name = "{module}"

[tool.pytest.ini_options]
pythonpath = ["."]

[tool.mypy]
strict = true

[tool.pyright]
typeCheckingMode = "strict"
"""


def _ask(question: str, instead: str) -> str:
    """An answer from the terminal; UsageError where there is none to ask at."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(f"missing: {question.lower()}", instead)
    try:
        answer = input(f"{question}: ").strip()
    except EOFError:
        answer = ""
    if not answer:
        raise UsageError(f"missing: {question.lower()}", instead)
    return answer


def _ask_template() -> str:
    names = tuple(TEMPLATES)
    if sys.stdin.isatty() and sys.stdout.isatty():
        for number, name in enumerate(names, 1):
            print(f"{number:3} {name:17} {TEMPLATES[name].summary}")
    answer = _ask("Template, by number or name", f"give one: --template {'|'.join(names)}")
    if answer.isdecimal() and 0 < int(answer) <= len(names):
        return names[int(answer) - 1]
    return answer
