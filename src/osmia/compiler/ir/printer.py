"""The IR as text: for golden tests and `osmia inspect --stage ir`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import cast

from osmia.compiler.ir.functions import FunctionIr, Linkage, ModuleIr
from osmia.compiler.ir.operands import (
    KernelFunction,
    Local,
    MapDefinition,
    Null,
    Number,
    Register,
    StackSlot,
    VariableDefinition,
)
from osmia.compiler.ir.ops import Block, Operation, Terminator


def print_module(module: ModuleIr) -> str:
    """The whole module, one line an operation."""
    return "\n".join(_module_lines(module)) + "\n"


def _module_lines(module: ModuleIr) -> Iterator[str]:
    for definition in module.maps:
        yield f"map {definition.name}: {definition.key} -> {definition.value}, {definition.max_entries}"
    for variable in module.variables:
        if variable.contents is None:
            yield f"constant {variable.name}: {variable.type} = {variable.default}"
        else:
            yield f"global {variable.name}: {variable.type} = {variable.contents.hex()}"
    for function in module.functions:
        yield ""
        yield from _function_lines(function)


def _function_lines(function: FunctionIr) -> Iterator[str]:
    given = ", ".join(f"{each.name}: {each.type}" for each in function.parameters)
    if function.linkage is Linkage.PROGRAM:
        given = f"{function.argument}: {function.context}"
    yield f"{function.linkage.value} {function.name}({given}) -> {function.return_type}:"
    if function.captures and not function.is_loop_body:
        shared = ", ".join(_operand_text(each.local) for each in function.captures)
        yield f"captures {shared}"
    for block in function.blocks:
        yield f"L{block.index}:"
        for operation, _ in block.operations:
            yield f"    {_operation_text(operation)}"
        if block.terminator is not None:
            yield f"    {_operation_text(block.terminator[0])}"


def _operation_text(operation: Operation | Terminator) -> str:
    result = ""
    words = [type(operation).__name__]
    for member in dataclasses.fields(operation):
        value = getattr(operation, member.name)
        if member.name == "result":
            result = f"r{value.index}: {value.type} = "
        else:
            words.append(_operand_text(value))
    return result + " ".join(words)


def _operand_text(value: object) -> str:
    match value:
        case Register(index=index):
            return f"r{index}"
        case Number(value=number, type=number_type):
            return f"{number_type}({number})"
        case Null():
            return "null"
        case Local(index=index, name=name):
            return f"{name}.{index}"
        case StackSlot(index=index, type=slot_type):
            return f"slot{index}[{slot_type}]"
        case MapDefinition(name=name) | VariableDefinition(name=name) | KernelFunction(name=name):
            return name
        case Block(index=index):
            return f"L{index}"
        case tuple():
            items = cast("tuple[object, ...]", value)
            return f"({', '.join(_operand_text(item) for item in items)})"
        case _:
            return str(value)
