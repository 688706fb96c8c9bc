"""What the text of a function says about its names."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from osmia.dataclass import dataclass


def assigned_names(body: list[ast.stmt]) -> list[str]:
    """Every name that a body sets, once for each place that sets it."""
    return [name for statement in body for name in _assigned(statement)]


def _assigned(node: ast.AST) -> Iterator[str]:
    """A comprehension's own names are no names of the function."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.pattern):
        yield from pattern_names(node)
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.comprehension) and child is node.target:
            continue
        yield from _assigned(child)


def pattern_names(pattern: ast.pattern) -> Iterator[str]:
    """The names that a pattern of `match` sets."""
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchAs) and node.name is not None:
            yield node.name


def aliased_names(body: list[ast.stmt]) -> frozenset[str]:
    """Every name that a body gives to another name as it is, or sets together with another."""
    found: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                found.update(part.id for part in parts(node.value) if isinstance(part, ast.Name))
            if isinstance(node, ast.Match) and isinstance(node.subject, ast.Name):
                found.add(node.subject.id)
            if isinstance(node, ast.Assign) and len(node.targets) > 1:
                found.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return frozenset(found)


def parts(node: ast.expr) -> list[ast.expr]:
    """The expressions of a tuple and of the tuples in it; of anything else, itself."""
    if isinstance(node, ast.Tuple):
        return [part for element in node.elts for part in parts(element)]
    return [node]


def target_names(target: ast.expr) -> list[str]:
    """The names that a target sets."""
    return [part.id for part in parts(target) if isinstance(part, ast.Name)]


@dataclass(frozen=True)
class NamesOfFunction:
    """The names of a function, however often it is inlined."""

    assignments: dict[str, int]
    """How often each name is set, parameters included; all `for` loops count as one."""
    aliased: frozenset[str]
    indices: frozenset[str]
    """Every name that a `for` loop sets."""


@functools.lru_cache(maxsize=256)
def names_of(node: ast.FunctionDef) -> NamesOfFunction:
    """What a function's text says about its names."""
    loops = [inner.target for inner in ast.walk(node) if isinstance(inner, ast.For)]
    indices = [name for target in loops for name in target_names(target)]
    counts: dict[str, int] = {argument.arg: 1 for argument in node.args.args}
    for name in assigned_names(node.body):
        counts[name] = counts.get(name, 0) + 1
    for name in set(indices):
        counts[name] -= indices.count(name) - 1
    return NamesOfFunction(counts, aliased_names(node.body), frozenset(indices))
