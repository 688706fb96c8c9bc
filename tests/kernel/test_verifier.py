"""Programs that the verifier refuses: the line, the cause and the fix."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from osmia.errors import VerifierError
from osmia.loader import load_object, read_object
from tests.builders.clang import PROLOGUE, compile_c

pytestmark = pytest.mark.requires_tool("clang")

MAPS = """
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4);
         __type(key, __u32); __type(value, __u64[4]); } values SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
"""

REFUSED = {
    "may be None": """SEC("xdp") int program(struct xdp_md *ctx) {
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&values, &key);
    return *value; // here
}""",
    "packet is read beyond": """SEC("xdp") int program(struct xdp_md *ctx) {
    __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    if (data + 4 > end) return 0;
    return data[4]; // here
}""",
    "512 bytes of stack": """static __attribute__((noinline)) int deep(__u32 n) {
    char room[400]; room[0] = n; asm volatile("" : : "r"(room) : "memory"); return room[0];
}
SEC("xdp") int program(struct xdp_md *ctx) {
    char room[400]; room[0] = 1; asm volatile("" : : "r"(room) : "memory");
    return deep(bpf_get_prandom_u32()) + room[0];
}""",
    "a loop ends": """SEC("xdp") int program(struct xdp_md *ctx) {
    __u32 n = 0;
    while (1) { asm volatile("" : "+r"(n)); if (n == 7) break; }
    return n;
}""",
    "more paths": """SEC("xdp") int program(struct xdp_md *ctx) {
    __u64 n = 0;
    for (__u64 i = 0; i < 10000000; i++) { n += i; asm volatile("" : "+r"(n)); }
    return n;
}""",
    "not given back": """SEC("xdp") int program(struct xdp_md *ctx) {
    __u64 *event = bpf_ringbuf_reserve(&ring, 8, 0);
    if (event) *event = 1;
    return 0;
}""",
    "helper skb_vlan_pop may not": """SEC("xdp") int program(struct xdp_md *ctx) {
    return bpf_get_current_pid_tgid() + bpf_skb_vlan_pop((void *)ctx); // here
}""",
    "stay inside the memory": """SEC("xdp") int program(struct xdp_md *ctx) {
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&values, &key);
    return value ? value[ctx->data_end - ctx->data] : 0;
}""",
    "pointer": """SEC("xdp") int program(struct xdp_md *ctx) {
    return *(__u64 *)(long)ctx->rx_queue_index; // here
}""",
    "field of the context": """SEC("xdp") int program(struct xdp_md *ctx) {
    return *(__u16 *)((char *)ctx + 6); // here
}""",
}


@pytest.mark.parametrize("cause", REFUSED)
def test_refusal_names_line_and_cause(cause: str) -> None:
    source = MAPS + REFUSED[cause]
    with pytest.raises(VerifierError) as caught:
        load_object(read_object(compile_c(source)))
    error = caught.value
    assert cause in error.cause, error.log
    assert error.help
    assert error.program == "program"
    if "// here" in source:
        assert error.span is not None, error.log
        assert "// here" in error.span.text, error.log
        assert error.span.filename.endswith("program.c")
        assert (PROLOGUE + source).splitlines()[error.span.line - 1] == error.span.text
        assert error.span.text in str(error) or error.span.text.strip() in str(error)


def test_licence_is_asked_for() -> None:
    prologue = (
        '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar _license[] SEC("license") = "MIT";\n'
    )
    source = """SEC("xdp") int program(struct xdp_md *ctx) {
    bpf_printk("x");
    return 0;
}"""
    with pytest.raises(VerifierError, match="GPL") as caught:
        load_object(read_object(compile_c(source, prologue=prologue)))
    assert "licence" in caught.value.cause


@pytest.mark.requires_tool("setpriv")
def test_unset_stack_bytes_are_refused_without_perfmon() -> None:
    """Linux lets a process with CAP_PERFMON pass unset bytes on, so this one gives it up."""
    source = (
        MAPS
        + """SEC("xdp") int program(struct xdp_md *ctx) {
    __u32 key = 1;
    struct { __u8 a; __u64 b, c, d; } value;
    value.a = 1; value.c = 3; value.d = 4;
    return bpf_map_update_elem(&values, &key, &value, BPF_ANY);
}"""
    )
    script = """
import sys
from osmia.errors import VerifierError
from osmia.loader import load_object, read_object
try:
    load_object(read_object(sys.stdin.buffer.read()))
except VerifierError as error:
    print(error.cause)
"""
    command = ["setpriv", "--bounding-set=-all,+bpf,+net_admin", sys.executable, "-c", script]
    done = subprocess.run(
        command,
        input=compile_c(source),
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert b"never set" in done.stdout, done.stderr.decode()
