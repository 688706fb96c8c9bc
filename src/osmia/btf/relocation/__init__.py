"""CO-RE: where a struct's field, a type or an enum's value is in the kernel that a program is loaded into."""

from osmia.btf.relocation.resolve import Answer, RelocationKind, Targets, describe, resolve

__all__ = ["Answer", "RelocationKind", "Targets", "describe", "resolve"]
