"""The IR as LLVM assembly text. Pure text: LLVM reads it in a process of its own (`llvm_process`)."""

from __future__ import annotations

from collections.abc import Iterator

from osmia.compiler.backend import kernel_fields
from osmia.compiler.backend.debug_info import DebugInfo
from osmia.compiler.backend.function_assembly import FunctionAssembler
from osmia.compiler.backend.spelling import (
    argument_type,
    memory_type,
    number,
)
from osmia.compiler.ir.functions import ModuleIr
from osmia.compiler.ir.operands import (
    KernelFunction,
    MapDefinition,
    VariableDefinition,
)
from osmia.compiler.ir.ops import (
    CallKernelFunction,
    KernelEnumInfo,
    KernelFunctionExists,
)
from osmia.compiler.ir.types import (
    alignment_of,
)


def print_assembly(module: ModuleIr, filename: str) -> str:
    """The module as LLVM assembly; `filename` names the unit in its debug information."""
    debug = DebugInfo(filename)
    lines = ['target triple = "bpfel"', ""]
    roots: list[str] = []
    for definition in module.maps:
        body, initialiser = _map_body(definition)
        lines.append(
            f'@{definition.name} = dso_local global {body} {initialiser}, section ".maps", align 8, '
            f"!dbg {debug.map(definition)}"
        )
        roots.append(definition.name)
    for variable in module.variables:
        # A global that is not constant: LLVM would fold a constant before user space can set it.
        lines.append(
            f"@{variable.name} = dso_local global {_variable_initialiser(variable)}, "
            f'section "{variable.section}", align {alignment_of(variable.type)}, '
            f"!dbg {debug.variable(variable)}"
        )
        roots.append(variable.name)
    lines += [_bytes_global("_license", module.license.encode() + b"\0", "license")]
    roots.append("_license")
    if module.log_formats:
        lines.append(_bytes_global("osmia_log_formats", module.log_formats, ".osmia.log"))
        roots.append("osmia_log_formats")
    for function in module.functions:
        lines += ["", *FunctionAssembler(function, debug).lines()]
        roots.append(function.name)
    lines += ["", *_kernel_functions(module, debug), *_enum_members(module)]
    used = ", ".join(f"ptr @{root}" for root in roots)
    lines.append(
        f'\n@llvm.compiler.used = appending global [{len(roots)} x ptr] [{used}], section "llvm.metadata"\n'
    )
    lines += _DECLARATIONS
    lines += debug.lines()
    return "\n".join(lines) + "\n"


def _kernel_functions(module: ModuleIr, debug: DebugInfo) -> Iterator[str]:
    """Declarations of the kernel's functions; those that are asked for may be missing."""
    found: dict[str, KernelFunction] = {}
    weak: set[str] = set()
    for function in module.functions:
        for block in function.blocks:
            for operation, _ in block.operations:
                if isinstance(operation, CallKernelFunction | KernelFunctionExists):
                    found[operation.function.name] = operation.function
                if isinstance(operation, KernelFunctionExists):
                    weak.add(operation.function.name)
    for name, declared in found.items():
        linkage = "extern_weak" if name in weak else "dso_local"
        types = ", ".join(argument_type(each.type) for each in declared.parameters)
        node = debug.kernel_function(declared)
        yield f'declare !dbg {node} {linkage} i64 @{name}({types}) section ".ksyms"'


def _enum_members(module: ModuleIr) -> list[str]:
    """The members of the kernel's enumerations that are asked for, each once."""
    operations = (
        operation
        for function in module.functions
        for block in function.blocks
        for operation, _ in block.operations
    )
    asked = (each for each in operations if isinstance(each, KernelEnumInfo))
    return list(dict.fromkeys(kernel_fields.enum_member(each.enumeration, each.index) for each in asked))


def _map_body(definition: MapDefinition) -> tuple[str, str]:
    """A pointer for each member of the definition; programs that stand in the map are real ones."""
    has_value = definition.value is not None and not definition.programs
    pointers = 2 + bool(definition.flags) + (definition.key is not None) + has_value
    if definition.inner is not None:
        members = [*["ptr"] * pointers, "[0 x ptr]"]
        return f"{{ {', '.join(members)} }}", "zeroinitializer"
    if not definition.programs:
        return f"{{ {', '.join(['ptr'] * pointers)} }}", "zeroinitializer"
    programs = dict(definition.programs)
    places = [
        f"ptr @{programs[index]}" if index in programs else "ptr null" for index in range(max(programs) + 1)
    ]
    values = f"[{len(places)} x ptr]"
    members = [*["ptr null"] * pointers, f"{values} [{', '.join(places)}]"]
    return f"{{ {', '.join([*['ptr'] * pointers, values])} }}", f"{{ {', '.join(members)} }}"


_DECLARATIONS = [
    "declare ptr @llvm.preserve.static.offset(ptr)",
    *kernel_fields.DECLARATIONS,
    "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
    "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    *(f"declare i{bits} @llvm.bswap.i{bits}(i{bits})" for bits in (16, 32, 64)),
    "",
]


def _bytes_global(name: str, data: bytes, section: str) -> str:
    text = "".join(f"\\{byte:02X}" for byte in data)
    return f'@{name} = dso_local constant [{len(data)} x i8] c"{text}", section "{section}", align 1'


def _variable_initialiser(variable: VariableDefinition) -> str:
    if variable.contents is None:
        return f"{memory_type(variable.type)} {number(variable.default, variable.type)}"
    if not any(variable.contents):
        return f"[{len(variable.contents)} x i8] zeroinitializer"
    text = "".join(f"\\{byte:02X}" for byte in variable.contents)
    return f'[{len(variable.contents)} x i8] c"{text}"'
