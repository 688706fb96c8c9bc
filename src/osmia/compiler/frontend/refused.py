"""The table of the Python that is refused: what it is called, why, and what to write instead.

Every concrete statement, expression and operator class of `ast` is either compiled
(`COMPILED`) or stands here; a test walks them all.
"""

from __future__ import annotations

import ast

from osmia.dataclass import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why a construct is refused."""

    what: str
    reason: str
    help: str


_NO_HEAP = "a program has no heap, so it cannot build a collection"
_USE_MEMORY = "keep values in a map, in a @struct, or in an Array[u64, Literal[8]] of one"
_NO_EXCEPTIONS = "a program can neither raise nor catch"
_TEST_RESULTS = "test results: look-ups and reads give None, helpers a negative number"
_ONE_TASK = "a program runs to its end and cannot wait"
_NO_CLOSURES = "functions are inlined, they are no values"
_SEQUENCE = Refusal(
    "a pattern of a sequence", "numbers, structs and None are matched", "match each in turn, or write `if`"
)

COMPILED: frozenset[type[ast.AST]] = frozenset(
    {
        ast.FunctionDef, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.Expr,
        ast.If, ast.Match, ast.While, ast.For, ast.Break, ast.Continue, ast.Pass, ast.With,
        ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Call, ast.Attribute, ast.Subscript,
        ast.Name, ast.Constant, ast.Tuple, ast.GeneratorExp, ast.JoinedStr, ast.FormattedValue, ast.NamedExpr,
        ast.And, ast.Or, ast.Not, ast.Invert, ast.USub, ast.UAdd,
        ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.LShift, ast.RShift,
        ast.BitAnd, ast.BitOr, ast.BitXor,
        ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn,
        ast.MatchValue, ast.MatchSingleton, ast.MatchClass, ast.MatchAs, ast.MatchOr,
    }
)  # fmt: skip

REFUSED: dict[type[ast.AST], Refusal] = {
    ast.AsyncFunctionDef: Refusal("`async def`", _ONE_TASK, "write `def`"),
    ast.AsyncFor: Refusal("`async for`", _ONE_TASK, "write `for i in range(n):`"),
    ast.AsyncWith: Refusal("`async with`", _ONE_TASK, "take it out of the kernel function"),
    ast.Await: Refusal("`await`", _ONE_TASK, "send an event and wait in user space"),
    ast.ClassDef: Refusal(
        "`class`", "types must be known before the program runs", "define it in the module"
    ),
    ast.Try: Refusal("`try`", _NO_EXCEPTIONS, _TEST_RESULTS),
    ast.TryStar: Refusal("`try`", _NO_EXCEPTIONS, _TEST_RESULTS),
    ast.Raise: Refusal("`raise`", _NO_EXCEPTIONS, "return a verdict, and log or count the cause"),
    ast.Assert: Refusal("`assert`", _NO_EXCEPTIONS, "test the condition and return"),
    ast.Import: Refusal(
        "`import`", "a program has no modules when it runs", "import at the top of the module"
    ),
    ast.ImportFrom: Refusal(
        "`import`", "a program has no modules when it runs", "import at the top of the module"
    ),
    ast.Global: Refusal(
        "`global`",
        "a module's variables are constants in the kernel",
        "keep what changes in a `Global` or a map",
    ),
    ast.Nonlocal: Refusal(
        "`nonlocal`", "captured variables are constants in the kernel", "return the new value"
    ),
    ast.MatchSequence: _SEQUENCE,
    ast.MatchStar: _SEQUENCE,
    ast.MatchMapping: Refusal(
        "a pattern of a mapping",
        "numbers, structs and None are matched",
        "match a field, or what `lookup` gives",
    ),
    ast.List: Refusal("a list", _NO_HEAP, _USE_MEMORY),
    ast.Set: Refusal("a set", _NO_HEAP, _USE_MEMORY),
    ast.Dict: Refusal("a dict", _NO_HEAP, "declare a HashMap in the module"),
    ast.ListComp: Refusal("a list comprehension", _NO_HEAP, "write a loop over a map's or array's entries"),
    ast.SetComp: Refusal("a set comprehension", _NO_HEAP, "write a loop"),
    ast.DictComp: Refusal("a dict comprehension", _NO_HEAP, "write a loop and a HashMap"),
    ast.Yield: Refusal("`yield`", _ONE_TASK, "call a function for each value"),
    ast.YieldFrom: Refusal("`yield from`", _ONE_TASK, "call a function for each value"),
    ast.Lambda: Refusal("`lambda`", _NO_CLOSURES, "define a function in the module and call it"),
    ast.Starred: Refusal("`*`", "how many values it stands for must be known", "write each of them"),
    ast.Slice: Refusal("a slice", "its length is not known before the program runs", "read single elements"),
    ast.Div: Refusal("`/`", "the kernel has no floating point", "divide integers with `//`"),
    ast.Pow: Refusal("`**`", "the processor has no such instruction", "multiply, or shift: `1 << n`"),
    ast.MatMult: Refusal("`@`", "the kernel has no matrices", "write the sum of products"),
}
for _name, _refusal in {
    "TypeAlias": Refusal("`type`", "types must be known before the program runs", "define it in the module"),
    "TemplateStr": Refusal(
        "a template string", "the kernel has no strings", "write an f-string in `log.info(…)`"
    ),
    "Interpolation": Refusal(
        "a template string", "the kernel has no strings", "write an f-string in `log.info(…)`"
    ),
}.items():
    if hasattr(ast, _name):
        REFUSED[getattr(ast, _name)] = _refusal
