"""Write the tables of docs/language.md that come from the code: `python -m tools.generate_language_page`.

What stands between `<!-- NAME -->` and `<!-- end -->` is made anew: the refused Python from the compiler's
table, the vocabulary from the first sentence of each docstring.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import osmia
import osmia.net
from osmia.compiler.frontend.refused import REFUSED
from osmia.lang import Program

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "language.md"
NEWER = {"TypeAlias", "TemplateStr", "Interpolation"}
"""Classes that not every supported Python has."""
_SOURCE = "osmia.lang."

_TYPES = (
    (
        "integers",
        "structs",
        "arrays",
        "atomics",
        "spin_locks",
        "timers",
        "pointers",
        "flags",
        "actions",
        "buckets",
    ),
    ("osmia.uapi.constants",),
)
_MAPS = (
    (
        "maps", "events", "queues", "redirect_maps", "socket_maps", "program_arrays", "stack_traces",
        "histograms", "variables", "constants",
    ),
    (),
)  # fmt: skip
_HELPERS = (
    (
        "helpers",
        "loops",
        "functions",
        "timer_callbacks",
        "kfuncs",
        "kernel_structs",
        "kernel_enums",
        "packet",
    ),
    (),
)


def refused_table() -> str:
    """One row for each entry of the compiler's table."""
    rows = ["| Python | `ast` | why | instead |", "|---|---|---|---|"]
    for python_class, refusal in REFUSED.items():
        if python_class.__name__ not in NEWER:
            cells = (refusal.what, python_class.__name__, refusal.reason, refusal.help)
            rows.append(f"| {' | '.join(each.replace('|', chr(92) + '|') for each in cells)} |")
    return "\n".join(rows)


def _names(modules: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    wanted = {f"{_SOURCE}{name}" for name in modules} | set(others)
    return [name for name in osmia.__all__ if _module_of(getattr(osmia, name)) in wanted]


def _module_of(value: Any) -> str:
    return str(getattr(value, "__module__", type(value).__module__))


def _link(name: str, value: Any) -> str:
    path = Path(inspect.getfile(inspect.getmodule(value) or value)).relative_to(ROOT)
    return f"[`{name}`](../{path})"


def _sentence(value: Any) -> str:
    text = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ").rstrip(":")
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def names_table(modules: Iterable[str], others: Iterable[str] = ()) -> str:
    """A table of public names with the beginning of their docstrings."""
    rows = ["| name | what it is |", "|---|---|"]
    for name in _names(modules, others):
        value = getattr(osmia, name)
        rows.append(f"| {_link(name, value)} | {_sentence(value)} |")
    return "\n".join(rows)


def programs_table() -> str:
    """Decorators, contexts and the classes of programs: what is left of the vocabulary."""
    shown = {*_names(*_TYPES), *_names(*_MAPS), *_names(*_HELPERS), "log"}
    left = [name for name in osmia.__all__ if _module_of(getattr(osmia, name)).startswith(_SOURCE)]
    left = [name for name in left if name not in shown]
    groups: dict[str, list[str]] = {"decorators": [], "contexts": [], "programs": [], "parts of them": []}
    for name in left:
        value = getattr(osmia, name)
        if not isinstance(value, type):
            groups["decorators"].append(name)
        elif issubclass(value, Program):
            groups["programs"].append(name)
        else:
            groups["contexts" if name.endswith("Context") else "parts of them"].append(name)
    rows = ["| | |", "|---|---|"]
    for group, names in groups.items():
        links = ", ".join(_link(name, getattr(osmia, name)) for name in names)
        rows.append(f"| {group} | {links} |")
    return "\n".join(rows)


def net_list() -> str:
    """The protocols' names."""
    return ", ".join(_link(name, getattr(osmia.net, name)) for name in osmia.net.__all__) + "."


TABLES: dict[str, Callable[[], str]] = {
    "refused": refused_table,
    "types": lambda: names_table(*_TYPES),
    "programs": programs_table,
    "maps": lambda: names_table(*_MAPS),
    "net": net_list,
    "helpers": lambda: names_table(*_HELPERS),
}


def page(text: str) -> str:
    """A page with its tables made anew."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{table()}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
