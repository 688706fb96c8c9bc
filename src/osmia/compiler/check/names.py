"""What the text of a function says about its names."""

from __future__ import annotations

import ast

from osmia.compiler.source import FunctionSource


def assigned_names(body: list[ast.stmt]) -> list[str]:
    """Every name that a body sets, once for each place that sets it."""
    return [
        node.id
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]


def aliased_names(body: list[ast.stmt]) -> frozenset[str]:
    """Every name that a body gives to another name as it is, or sets together with another."""
    found: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(
                node.value, ast.Name
            ):
                found.add(node.value.id)
            if isinstance(node, ast.Assign) and len(node.targets) > 1:
                found.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return frozenset(found)


def loop_indices(source: FunctionSource) -> frozenset[str]:
    """Every name that is the index of a `for` loop."""
    loops = [node.target for node in ast.walk(source.node) if isinstance(node, ast.For)]
    return frozenset(target.id for target in loops if isinstance(target, ast.Name))


def count_assignments(source: FunctionSource) -> dict[str, int]:
    """How often each name is set in a function, its parameters included; all `for` loops count as one."""
    counts: dict[str, int] = {argument.arg: 1 for argument in source.node.args.args}
    for name in assigned_names(source.node.body):
        counts[name] = counts.get(name, 0) + 1
    loops = [node.target for node in ast.walk(source.node) if isinstance(node, ast.For)]
    indices = [target.id for target in loops if isinstance(target, ast.Name)]
    for name in set(indices):
        counts[name] -= indices.count(name) - 1
    return counts
