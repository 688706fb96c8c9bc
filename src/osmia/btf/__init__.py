"""BTF, the kernel's type format: types, decode, encode, and the line tables of `.BTF.ext`."""

from osmia.btf.decode import decode_btf
from osmia.btf.encode import encode_btf
from osmia.btf.extension import BtfExtension, FunctionInfo, LineInfo, decode_extension
from osmia.btf.types import Btf

__all__ = [
    "Btf",
    "BtfExtension",
    "FunctionInfo",
    "LineInfo",
    "decode_btf",
    "decode_extension",
    "encode_btf",
]
