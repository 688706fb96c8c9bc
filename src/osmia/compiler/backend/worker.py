"""The process in which LLVM runs: assembly text in, ELF bytes out.

LLVM ends its process on many errors; here that ends only this one. It imports nothing of osmia.
A request is a header (length of the text, processor level) and the text; an answer is a status
byte, a length and the ELF bytes or a message.
"""

from __future__ import annotations

import importlib
import os
import struct
import sys
from typing import Any, BinaryIO

REQUEST = struct.Struct("<IH")
ANSWER = struct.Struct("<BI")
_CORE = "!llvm.preserve.access.index"
"""Stands in the text of a module that asks for CO-RE relocations."""


def _binding() -> Any:
    """Llvmlite's module; it brings no types."""
    return importlib.import_module("llvmlite.binding")


def emit(text: str, level: int) -> bytes:
    """Optimise a module as clang -O2 does and emit the ELF object."""
    binding = _binding()

    target = binding.Target.from_triple("bpfel")
    machine = target.create_target_machine(cpu=f"v{level}", opt=2)
    module = binding.parse_assembly(text)
    module.verify()
    options = binding.create_pipeline_tuning_options(speed_level=2)
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    binding = _binding()

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    # Loops are not to become calls of memset, which BPF has not, nor `cttz`, which comes with a table.
    binding.set_option("", "--disable-loop-idiom-all")
    while header := requests.read(REQUEST.size):
        length, level = REQUEST.unpack(header)
        text = requests.read(length).decode()
        if _CORE not in text:
            _answer(text, level, answers)
            continue
        # LLVM's pass for CO-RE keeps a table of its globals from one module to the next
        # (BPFAbstractMemberAccess::GEPGlobals) and then uses those that are gone: each has its own process.
        child = os.fork()
        if child == 0:
            _answer(text, level, answers)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            break


def _answer(text: str, level: int, answers: BinaryIO) -> None:
    try:
        status, data = 0, emit(text, level)
    except RuntimeError as error:
        status, data = 1, str(error).encode()
    answers.write(ANSWER.pack(status, len(data)) + data)
    answers.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
