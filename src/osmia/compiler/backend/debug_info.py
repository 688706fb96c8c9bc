"""Debug metadata: LLVM makes BTF, line information and map definitions of it."""

from __future__ import annotations

from pathlib import PurePath

from osmia.compiler.ir.functions import FunctionIr, Linkage, is_context
from osmia.compiler.ir.operands import (
    KernelFunction,
    Location,
    MapDefinition,
    Parameter,
    Scope,
    VariableDefinition,
)
from osmia.compiler.ir.ops import KernelEnum
from osmia.compiler.ir.types import (
    ArrayType,
    BoolType,
    IntegerType,
    KernelField,
    KernelStruct,
    MemoryType,
    PointerType,
    StructType,
)


class DebugInfo:
    """The numbered metadata nodes of a module. Equal nodes are made once, distinct ones never shared."""

    def __init__(self, filename: str) -> None:
        self._nodes: list[str] = []
        self._known: dict[str, str] = {}
        self._globals: list[str] = []
        self._subprograms: dict[Scope, str] = {}
        self._inlined_at: dict[Location, str] = {}
        self._unit = self._reserve()
        self._filename = filename

    def lines(self) -> list[str]:
        """All nodes as text; call it when everything else was added."""
        globals_list = self._add(f"!{{{', '.join(self._globals)}}}")
        self._nodes[int(self._unit[1:])] = (
            f"distinct !DICompileUnit(language: DW_LANG_C99, file: {self._file(self._filename)}, "
            f'producer: "osmia", isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug, '
            f"globals: {globals_list})"
        )
        flags = [
            self._add('!{i32 2, !"Debug Info Version", i32 3}'),
            self._add('!{i32 7, !"Dwarf Version", i32 5}'),
        ]
        return [
            *(f"!{index} = {text}" for index, text in enumerate(self._nodes)),
            f"!llvm.dbg.cu = !{{{self._unit}}}",
            f"!llvm.module.flags = !{{{', '.join(flags)}}}",
        ]

    def not_zero(self, bits: int) -> str:
        """The node of a range that has every number but zero."""
        return self._add(f"!{{i{bits} 1, i{bits} 0}}")

    def subprogram(self, function: FunctionIr) -> str:
        """The node of a function; its named arguments are what lets the kernel take the BTF."""
        parameters = [(each.name, self._parameter(each, function)) for each in function.parameters]
        if function.linkage is Linkage.PROGRAM:
            parameters = [(function.argument, self._context(function, known=False))]
        signature = self._signature([self._type(function.return_type), *(node for _, node in parameters)])
        node = self._reserve()
        file = self._file(function.scope.filename)
        variables = [
            self._add(
                f"!DILocalVariable(name: {_name(name)}, arg: {number}, scope: {node}, file: {file}, "
                f"line: {function.scope.line}, type: {type_node})"
            )
            for number, (name, type_node) in enumerate(parameters, 1)
        ]
        flags = "DISPFlagDefinition"
        if function.linkage is Linkage.STATIC:
            flags += " | DISPFlagLocalToUnit"
        retained = f"!{{{', '.join(variables)}}}"
        self._set_subprogram(node, function.name, function.scope, signature, retained, flags)
        self._subprograms[function.scope] = node
        return node

    def _parameter(self, parameter: Parameter, function: FunctionIr) -> str:
        kind = parameter.type
        if not isinstance(kind, PointerType):
            return self._type(kind)
        if is_context(kind):
            return self._context(function, known=True)
        if kind.pointee is None:
            return self._pointer("null")
        return self._pointer(self._type(kind.pointee))

    def _context(self, function: FunctionIr, *, known: bool) -> str:
        """A pointer to the context, known by its name; a global function's must be defined."""
        flags = "elements: !{}" if known else "flags: DIFlagFwdDecl"
        composite = f"!DICompositeType(tag: DW_TAG_structure_type, name: {_quote(function.context)}, {flags})"
        return self._pointer(self._add(composite))

    def kernel_function(self, function: KernelFunction) -> str:
        """The node of a function of the kernel: its types are compared with the kernel's own."""
        types = ["null" if function.result is None else self._type(function.result)]
        for parameter in function.parameters:
            kind = parameter.type
            if not isinstance(kind, PointerType):
                types.append(self._type(kind))
            elif kind.pointee is None:
                types.append(self._pointer(self._empty_struct(function.context)))
            else:
                # As C declares it: an array is given by the address of its first element.
                pointee = kind.pointee.element if isinstance(kind.pointee, ArrayType) else kind.pointee
                types.append(self._pointer(self._type(pointee)))
        return self._add(
            f"!DISubprogram(name: {_quote(function.name)}, scope: {self._file(self._filename)}, "
            f"file: {self._file(self._filename)}, type: {self._signature(types)}, "
            "flags: DIFlagPrototyped, spFlags: DISPFlagOptimized)"
        )

    def _empty_struct(self, name: str) -> str:
        """A struct of which nothing but the name is known, and which BTF does not take for a declaration."""
        return self._add(
            f"!DICompositeType(tag: DW_TAG_structure_type, name: {_quote(name)}, size: 8, elements: !{{}})"
        )

    def location(self, location: Location) -> str:
        """The node of a source position."""
        inlined_at = location.scope.inlined_at
        suffix = "" if inlined_at is None else f", inlinedAt: {self._call_site(inlined_at)}"
        scope = self._scope(location.scope)
        return self._add(
            f"!DILocation(line: {location.line}, column: {location.column}, scope: {scope}{suffix})"
        )

    def map(self, definition: MapDefinition) -> str:
        """The node of a map: libbpf's BTF-defined form, numbers as lengths of arrays."""
        return self._global(definition.name, self._map_struct(definition))

    def _map_struct(self, definition: MapDefinition) -> str:
        members = [
            ("type", self._number(definition.map_type)),
            ("max_entries", self._number(definition.max_entries)),
        ]
        if definition.flags:
            members.append(("map_flags", self._number(definition.flags)))
        value = None if definition.programs else definition.value
        for name, memory_type in (("key", definition.key), ("value", value)):
            if memory_type is not None:
                members.append((name, self._pointer(self._type(memory_type))))
        if definition.programs:
            members.append(("values", self._open_array(self._signature([]))))
        if definition.inner is not None:
            members.append(("values", self._open_array(self._map_struct(definition.inner))))
        nodes = [self._member(name, node, 64, 64 * index) for index, (name, node) in enumerate(members)]
        elements = self._add(f"!{{{', '.join(nodes)}}}")
        return self._add(
            f"!DICompositeType(tag: DW_TAG_structure_type, size: {64 * len(members)}, elements: {elements})"
        )

    def _open_array(self, pointee: str) -> str:
        """An array of pointers, its length left open, as libbpf wants it for programs and maps in a map."""
        subrange = self._add(f"!{{{self._add('!DISubrange(count: -1)')}}}")
        return self._add(
            f"!DICompositeType(tag: DW_TAG_array_type, baseType: {self._pointer(pointee)}, "
            f"elements: {subrange})"
        )

    def variable(self, definition: VariableDefinition) -> str:
        """The node of a configuration constant."""
        return self._global(definition.name, self._type(definition.type))

    def _global(self, name: str, type_node: str) -> str:
        variable = self._add_distinct(
            f"!DIGlobalVariable(name: {_quote(name)}, scope: {self._unit}, type: {type_node}, "
            f"file: {self._file(self._filename)}, isLocal: false, isDefinition: true)"
        )
        node = self._add(f"!DIGlobalVariableExpression(var: {variable}, expr: !DIExpression())")
        self._globals.append(node)
        return node

    def _scope(self, scope: Scope) -> str:
        plain = Scope(scope.name, scope.filename, scope.line)
        if plain not in self._subprograms:
            node = self._reserve()
            self._set_subprogram(node, scope.name, scope, self._signature([]), "!{}", "DISPFlagDefinition")
            self._subprograms[plain] = node
        return self._subprograms[plain]

    def _call_site(self, location: Location) -> str:
        if location not in self._inlined_at:
            self._inlined_at[location] = self._add_distinct(self._nodes[int(self.location(location)[1:])])
        return self._inlined_at[location]

    def _set_subprogram(
        self, node: str, name: str, scope: Scope, signature: str, retained: str, flags: str
    ) -> None:
        self._nodes[int(node[1:])] = (
            f"distinct !DISubprogram(name: {_quote(name)}, scope: {self._file(scope.filename)}, "
            f"file: {self._file(scope.filename)}, line: {scope.line}, "
            f"scopeLine: {scope.line}, type: {signature}, "
            f"unit: {self._unit}, retainedNodes: {self._add(retained)}, spFlags: {flags} | DISPFlagOptimized)"
        )

    def _signature(self, types: list[str]) -> str:
        return self._add(f"!DISubroutineType(types: {self._add('!{' + ', '.join(types or ['null']) + '}')})")

    def _type(self, memory_type: MemoryType) -> str:
        match memory_type:
            case IntegerType(name=name, bits=bits, signed=signed):
                encoding = "DW_ATE_signed" if signed else "DW_ATE_unsigned"
                return self._add(f"!DIBasicType(name: {_name(name)}, size: {bits}, encoding: {encoding})")
            case BoolType():
                return self._add('!DIBasicType(name: "bool", size: 8, encoding: DW_ATE_boolean)')
            case ArrayType(element=element, length=length):
                subrange = self._add(f"!{{{self._add(f'!DISubrange(count: {length})')}}}")
                return self._add(
                    f"!DICompositeType(tag: DW_TAG_array_type, baseType: {self._type(element)}, "
                    f"size: {memory_type.size * 8}, elements: {subrange})"
                )
            case StructType(kernel=KernelStruct() as kernel, size=size):
                return self._kernel_struct(kernel, size)
            case StructType(name=name, fields=fields, size=size, is_union=is_union):
                members = [
                    self._member(
                        member.name, self._type(member.type), member.type.size * 8, member.offset * 8
                    )
                    for member in fields
                ]
                elements = self._add(f"!{{{', '.join(members)}}}")
                tag = "DW_TAG_union_type" if is_union else "DW_TAG_structure_type"
                return self._add(
                    f"!DICompositeType(tag: {tag}, name: {_name(name)}, size: {size * 8}, "
                    f"elements: {elements})"
                )

    def type(self, memory_type: MemoryType) -> str:
        """The node of a type."""
        return self._type(memory_type)

    def _kernel_struct(self, kernel: KernelStruct, size: int) -> str:
        """What CO-RE knows a struct by: its name, and names and kinds of fields."""
        members = [self._kernel_member(field) for field in kernel.fields]
        elements = self._add(f"!{{{', '.join(members)}}}")
        tag = "DW_TAG_union_type" if kernel.is_union else "DW_TAG_structure_type"
        return self._add(
            f"!DICompositeType(tag: {tag}, name: {_name(kernel.name)}, size: {size * 8}, "
            f"elements: {elements})"
        )

    def kernel_enum(self, enumeration: KernelEnum) -> str:
        """What CO-RE knows an enumeration by: its name, and the names of its members."""
        sign = "" if enumeration.type.signed else ", isUnsigned: true"
        members = [
            self._add(f"!DIEnumerator(name: {_name(name)}, value: {value}{sign})")
            for name, value in enumeration.members
        ]
        elements = self._add(f"!{{{', '.join(members)}}}")
        return self._add(
            f"!DICompositeType(tag: DW_TAG_enumeration_type, name: {_name(enumeration.name)}, "
            f"size: {enumeration.type.bits}, baseType: {self._type(enumeration.type)}, elements: {elements})"
        )

    def _kernel_member(self, field: KernelField) -> str:
        if field.type is None:
            return self._member(field.kernel_name, self._pointer("null"), 64, field.offset * 8)
        node, size = self._type(field.type), field.type.size * 8
        if field.is_enum:
            # Without a name it stands for every enum.
            node = self._add(
                f"!DICompositeType(tag: DW_TAG_enumeration_type, size: {size}, baseType: {node}, "
                "elements: !{})"
            )
        if not field.bits:
            return self._member(field.kernel_name, node, size, field.offset * 8)
        start = field.offset * 8
        return self._add(
            f"!DIDerivedType(tag: DW_TAG_member, name: {_name(field.kernel_name)}, baseType: {node}, "
            f"size: {field.bits}, offset: {start}, flags: DIFlagBitField, extraData: i64 {start})"
        )

    def _member(self, name: str, type_node: str, size: int, offset: int) -> str:
        return self._add(
            f"!DIDerivedType(tag: DW_TAG_member, name: {_name(name)}, baseType: {type_node}, size: {size}, "
            f"offset: {offset})"
        )

    def _pointer(self, target: str) -> str:
        return self._add(f"!DIDerivedType(tag: DW_TAG_pointer_type, baseType: {target}, size: 64)")

    def _number(self, number: int) -> str:
        integer = self._add('!DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)')
        subrange = self._add(f"!{{{self._add(f'!DISubrange(count: {number})')}}}")
        return self._pointer(
            self._add(
                f"!DICompositeType(tag: DW_TAG_array_type, baseType: {integer}, size: {32 * number}, "
                f"elements: {subrange})"
            )
        )

    def _file(self, filename: str) -> str:
        path = PurePath(filename)
        return self._add(f"!DIFile(filename: {_quote(path.name)}, directory: {_quote(str(path.parent))})")

    def _add(self, text: str) -> str:
        if text not in self._known:
            self._known[text] = self._add_distinct(text, distinct=False)
        return self._known[text]

    def _add_distinct(self, text: str, *, distinct: bool = True) -> str:
        node = self._reserve()
        self._nodes[int(node[1:])] = f"distinct {text}" if distinct else text
        return node

    def _reserve(self) -> str:
        self._nodes.append("")
        return f"!{len(self._nodes) - 1}"


def _name(name: str) -> str:
    """A name of the user's, quoted, as the kernel takes it in BTF: ASCII only."""
    return _quote("".join(letter if letter.isascii() else f"u{ord(letter):x}" for letter in name))


def _quote(text: str) -> str:
    escaped = "".join(
        character
        if 32 <= ord(character) < 127 and character not in '"\\'
        else "".join(f"\\{byte:02X}" for byte in character.encode())
        for character in text
    )
    return f'"{escaped}"'
