"""BTF, the kernel's type format: types, decode, encode, the kernel's own, and the tables of `.BTF.ext`."""

from osmia.btf.decode import decode_btf
from osmia.btf.encode import encode_btf
from osmia.btf.extension import BtfExtension, CoreRelocation, FunctionInfo, LineInfo, decode_extension
from osmia.btf.lazy import LazyBtf
from osmia.btf.types import Btf, TypeGraph

__all__ = [
    "Btf",
    "BtfExtension",
    "CoreRelocation",
    "FunctionInfo",
    "LazyBtf",
    "LineInfo",
    "TypeGraph",
    "decode_btf",
    "decode_extension",
    "encode_btf",
]
