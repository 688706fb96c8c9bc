"""From decorated Python functions to a BPF ELF object."""
