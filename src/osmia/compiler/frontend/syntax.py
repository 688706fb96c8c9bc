"""Reports everything in a function that stands in the table of refused Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from osmia.compiler import findings
from osmia.compiler.frontend.refused import REFUSED, Refusal
from osmia.compiler.source import FunctionSource
from osmia.diagnostics import Diagnostic, Span

_IN_COLLECTION = Refusal(
    "a comparison with a list or dict", "a program has no heap", "write a tuple: `x in (a, b)`"
)
_KEYWORDS: dict[type[ast.AST], str] = {
    ast.Try: "try",
    ast.With: "with",
    ast.ClassDef: "class",
}


def refused_constructs(source: FunctionSource) -> Iterator[Diagnostic]:
    """One finding for each refused construct; what stands inside one is not looked at."""
    if source.is_async:
        refusal = REFUSED[ast.AsyncFunctionDef]
        yield findings.refused_syntax(source.span_of_name(), refusal.what, refusal.reason, refusal.help)
        return
    arguments = source.node.args
    if (
        arguments.vararg
        or arguments.kwarg
        or arguments.kwonlyargs
        or arguments.posonlyargs
        or arguments.defaults
    ):
        yield findings.refused_syntax(
            source.span_of_name(),
            "`*`, `/` or a default among the parameters",
            "a kernel function has plain parameters",
            "write `name: type` for each",
        )
    for statement in source.node.body:
        yield from _walk(source, statement)


def _walk(source: FunctionSource, node: ast.AST) -> Iterator[Diagnostic]:
    refusal = REFUSED.get(type(node))
    if refusal is not None and not isinstance(node, ast.operator):
        yield _finding(source, node, refusal)
        return
    if isinstance(node, ast.FunctionDef):
        yield _finding(
            source,
            node,
            Refusal("a nested `def`", "functions are inlined, they are no values", "define it in the module"),
        )
        return
    if isinstance(node, ast.Compare):
        if any(isinstance(side, ast.List | ast.Dict) for side in node.comparators):
            yield _finding(source, node, _IN_COLLECTION)
            return
        yield from _walk(source, node.left)
        for operator, side in zip(node.ops, node.comparators, strict=True):
            known = isinstance(side, ast.Set) and isinstance(operator, ast.In | ast.NotIn)
            for each in side.elts if isinstance(side, ast.Set) and known else [side]:
                yield from _walk(source, each)
        return
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in REFUSED:
        yield _finding(source, node, REFUSED[type(node.op)])
    if isinstance(node, ast.AnnAssign):
        children: list[ast.AST] = [node.target, *([node.value] if node.value is not None else [])]
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        # `Array[u8, Literal[4]]` is a type; a tuple as an index is found by the checker.
        children = [node.value]
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from _walk(source, child)


def _finding(source: FunctionSource, node: ast.AST, refusal: Refusal) -> Diagnostic:
    assert isinstance(node, ast.stmt | ast.expr | ast.pattern)
    span = source.source_map.span(node)
    keyword = _KEYWORDS.get(type(node))
    if keyword is not None or span.end_line != span.line:
        width = len(keyword) if keyword is not None else len(span.text.rstrip()) - span.column
        span = Span(span.filename, span.line, span.column, span.line, span.column + width, span.text)
    return findings.refused_syntax(span, refusal.what, refusal.reason, refusal.help)
