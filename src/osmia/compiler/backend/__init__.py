"""From the IR to an ELF object: LLVM assembly as text here, LLVM itself in a process of its own."""
