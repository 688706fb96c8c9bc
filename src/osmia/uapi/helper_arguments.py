"""What the parameters of a helper take, told from its C prototype; and the helpers that are not plain calls.

A prototype does not say everything: whether a buffer is read or written, and which number is the length of
which buffer, follows the parameters' types and names, and the tables below where those do not tell.
"""

from __future__ import annotations

from enum import Enum

from osmia.dataclass import dataclass
from osmia.uapi.constants import MapType
from osmia.uapi.helper import Helper, Parameter
from osmia.uapi.helpers import HELPERS


class ArgumentKind(Enum):
    """What a parameter takes."""

    CONTEXT = "context"
    INTEGER = "integer"
    BYTES = "bytes of an integer"
    """An integer whose bytes count, not its number: a checksum over be16 and be32 fields."""
    MAP = "map"
    KEY = "key of the map"
    READ = "memory that is read"
    WRITE = "memory that is written"
    SIZE = "size of the memory"
    """Not written by the user: the size of the type that `of` points to."""
    ADDRESS = "address"
    """A number: memory that the helper reads or writes at its own risk, and says so when it cannot."""


@dataclass(frozen=True)
class Argument:
    """A parameter of a helper as programs call it."""

    name: str
    kind: ArgumentKind
    type: str = ""
    """The integer type of the language."""
    of: str = ""
    """Of a size: the name of the memory."""
    size: int = 0
    """Of memory: its bytes, where the helper knows; 0 where a size is passed."""
    optional: bool = False
    """Whether None may be given."""


@dataclass(frozen=True)
class Prototype:
    """A helper that programs call as a function."""

    arguments: tuple[Argument, ...]
    result: str
    """The integer type of the language; empty where there is no result."""

    @property
    def written(self) -> tuple[Argument, ...]:
        """The arguments that the user writes."""
        return tuple(each for each in self.arguments if each.kind is not ArgumentKind.SIZE)


_INTEGERS = {
    "u16": "u16",
    "u32": "u32",
    "u64": "u64",
    "int": "i32",
    "s32": "i32",
    "s64": "i64",
    "long": "i64",
    "size_t": "u64",
    "__be16": "be16",
    "__wsum": "u32",
}
_CONTEXTS = frozenset(
    {
        "struct sk_buff *",
        "struct xdp_buff *",
        "struct sk_msg_buff *",
        "struct bpf_sock_ops *",
        "struct bpf_sysctl *",
        "struct bpf_perf_event_data *",
        "struct pt_regs *",
        "struct bpf_sock_addr *",
        "struct sk_reuseport_md *",
    }
)
_CONTEXT_NAMES = frozenset({"ctx", "skb", "bpf_socket"})
_SIZES = frozenset(
    {
        "size", "len", "plen", "optlen", "addr_len", "buf_len", "buf_size", "param_len", "size_of_buf",
        "th_len", "from_size", "to_size", "name_sz", "attr_size",
    }
)  # fmt: skip
_READ = {
    "csum_diff", "skb_set_tunnel_key", "skb_set_tunnel_opt", "setsockopt", "bind", "lwt_push_encap",
    "lwt_seg6_action", "xdp_store_bytes", "redirect_neigh", "tcp_raw_gen_syncookie_ipv4",
    "tcp_raw_gen_syncookie_ipv6", "tcp_raw_check_syncookie_ipv4", "tcp_raw_check_syncookie_ipv6",
    "btf_find_by_name_kind",
}  # fmt: skip
"""Helpers whose buffers are not `const` although they are only read."""
_FIXED = {
    "struct iphdr *": 20, "struct ipv6hdr *": 40, "struct tcphdr *": 20, "u32 *": 4, "u64 *": 8, "long *": 8,
    "unsigned long *": 8,
}  # fmt: skip
_OPTIONAL = {("csum_diff", "from"), ("csum_diff", "to"), ("redirect_neigh", "params")}
_ADDRESSES = frozenset({"unsafe_ptr", "user_ptr"})

CHANGES_PACKET = frozenset(
    {
        "skb_store_bytes", "l3_csum_replace", "l4_csum_replace", "clone_redirect", "skb_vlan_push",
        "skb_vlan_pop", "skb_change_proto", "skb_change_tail", "skb_pull_data", "skb_change_head",
        "skb_adjust_room", "xdp_adjust_head", "xdp_adjust_meta", "xdp_adjust_tail", "msg_pull_data",
        "msg_push_data", "msg_pop_data", "lwt_push_encap", "lwt_seg6_store_bytes", "lwt_seg6_adjust_srh",
        "lwt_seg6_action",
    }
)  # fmt: skip
"""Helpers that may move the packet (net/core/filter.c, bpf_helper_changes_pkt_data)."""

READS_PACKET = frozenset(
    {
        "csum_diff", "tcp_raw_gen_syncookie_ipv4", "tcp_raw_gen_syncookie_ipv6",
        "tcp_raw_check_syncookie_ipv4", "tcp_raw_check_syncookie_ipv6",
    }
)  # fmt: skip
"""Helpers that read a buffer where it lies in the packet (`pkt_access`); others are given a copy."""

_EVENTS = frozenset({MapType.PERF_EVENT_ARRAY})
_CGROUPS = frozenset({MapType.CGROUP_ARRAY})
_SOCKETS, _SOCKET_HASH = frozenset({MapType.SOCKMAP}), frozenset({MapType.SOCKHASH})
MAP_TYPES = {
    "perf_event_read": _EVENTS,
    "perf_event_read_value": _EVENTS,
    "skb_under_cgroup": _CGROUPS,
    "current_task_under_cgroup": _CGROUPS,
    "redirect_map": frozenset({MapType.DEVMAP, MapType.DEVMAP_HASH, MapType.CPUMAP, MapType.XSKMAP}),
    "sk_redirect_map": _SOCKETS,
    "msg_redirect_map": _SOCKETS,
    "sock_map_update": _SOCKETS,
    "sk_redirect_hash": _SOCKET_HASH,
    "msg_redirect_hash": _SOCKET_HASH,
    "sock_hash_update": _SOCKET_HASH,
    "sk_select_reuseport": _SOCKETS | _SOCKET_HASH | {MapType.REUSEPORT_SOCKARRAY},
    "ringbuf_query": frozenset({MapType.RINGBUF}),
}
"""The maps that a helper takes (kernel/bpf/verifier.c, check_map_func_compatibility)."""

SPELLED_OTHERWISE = {
    "map_lookup_elem": "`map.lookup(key)`",
    "map_update_elem": "`map[key] = value`, `map.insert(key, value)`",
    "map_delete_elem": "`del map[key]`",
    "perf_event_output": "`PerfEventArray.output(ctx, event)`",
    "get_stackid": "`StackTrace.capture_kernel(ctx)`, `.capture_user(ctx)`",
    "trace_printk": '`log.info(f"…")`',
    "ringbuf_output": "`RingBuf.output(event)`",
    "ringbuf_reserve": "`RingBuf.reserve()`",
    "ringbuf_submit": "`RingBuf.submit(event)`",
    "ringbuf_discard": "`RingBuf.discard(event)`",
    "loop": "`for turn in osmia.loop(count):`",
    "for_each_map_elem": "`for key, value in map.items():`",
    **dict.fromkeys(("spin_lock", "spin_unlock"), "`with value.lock:`"),
    **dict.fromkeys(
        ("timer_init", "timer_set_callback", "timer_start"), "`Timer.start(nanoseconds, callback)`"
    ),
    "timer_cancel": "`Timer.cancel()`",
    "tail_call": "`ProgramArray.tail_call(ctx, index)`",
    "map_push_elem": "`Queue.push(value)`, `Stack.push(value)`, `BloomFilter.add(value)`",
    "map_pop_elem": "`Queue.pop()`, `Stack.pop()`",
    "map_peek_elem": "`Queue.peek()`, `Stack.peek()`, `value in BloomFilter`",
    "sk_storage_get": "`SocketStorage.lookup(owner)`, `.lookup_or_create(owner)`",
    "sk_storage_delete": "`SocketStorage.delete(owner)`",
    "inode_storage_get": "`InodeStorage.lookup(owner)`, `.lookup_or_create(owner)`",
    "inode_storage_delete": "`InodeStorage.delete(owner)`",
    "task_storage_get": "`TaskStorage.lookup(owner)`, `.lookup_or_create(owner)`",
    "task_storage_delete": "`TaskStorage.delete(owner)`",
    "cgrp_storage_get": "`CgroupStorage.lookup(owner)`, `.lookup_or_create(owner)`",
    "cgrp_storage_delete": "`CgroupStorage.delete(owner)`",
    "get_current_task_btf": "`current_task(TaskStruct)`",
    "sk_assign": "`SkLookupContext.assign(sockets, key)`",
    "probe_read_user_str": "`probe_read_user_str(type, address)`",
    "probe_read_kernel_str": "`probe_read_kernel_str(type, address)`",
}
"""Helpers behind something of the language that knows more about types than the plain call would."""

_SOCKET = "takes or gives a socket that the verifier tracks"
_POINTER = "takes or gives a pointer to a kernel structure"
_DYNPTR = "works on a dynptr"
_CALLBACK = "calls a function of the program back"
_FORMAT = "takes a format string; `log` has its own"

LEFT_OUT = {
    **dict.fromkeys(
        (
            "sk_lookup_tcp", "sk_lookup_udp", "skc_lookup_tcp", "sk_release", "sk_fullsock", "tcp_sock",
            "get_listener_sock", "tcp_check_syncookie", "tcp_gen_syncookie", "tcp_send_ack",
            "sk_cgroup_id", "sk_ancestor_cgroup_id", "skc_to_tcp6_sock", "skc_to_tcp_sock",
            "skc_to_tcp_timewait_sock", "skc_to_tcp_request_sock", "skc_to_udp6_sock", "skc_to_unix_sock",
            "skc_to_mptcp_sock",
        ),
        _SOCKET,
    ),
    **dict.fromkeys(
        (
            "skb_output", "xdp_output", "get_task_stack", "d_path", "snprintf_btf", "seq_printf_btf",
            "per_cpu_ptr", "this_cpu_ptr", "bprm_opts_set", "ima_inode_hash",
            "ima_file_hash", "sock_from_file", "task_pt_regs", "copy_from_user_task", "kptr_xchg",
            "seq_write", "map_lookup_percpu_elem",
        ),
        _POINTER,
    ),
    **dict.fromkeys(
        (
            "dynptr_from_mem", "ringbuf_reserve_dynptr", "ringbuf_submit_dynptr", "ringbuf_discard_dynptr",
            "dynptr_read", "dynptr_write", "dynptr_data",
        ),
        _DYNPTR,
    ),
    **dict.fromkeys(("find_vma", "user_ringbuf_drain"), _CALLBACK),
    "get_local_storage": "works on storage of a kernel object",
    **dict.fromkeys(("seq_printf", "snprintf", "trace_vprintk"), _FORMAT),
    "strncmp": "takes text in read-only memory",
    "probe_read": "reads user and kernel memory alike: take `probe_read_kernel` or `probe_read_user`",
    "probe_read_str": "reads user and kernel memory alike: take the helper for the one that is meant",
}  # fmt: skip
"""Helpers that programs cannot call yet, or should not, and why."""


def prototype(helper: Helper) -> Prototype | None:
    """A helper as a function of the language; None where it has another spelling or none."""
    if helper.name in SPELLED_OTHERWISE or helper.name in LEFT_OUT:
        return None
    arguments: list[Argument] = []
    for position, parameter in enumerate(helper.parameters):
        following = helper.parameters[position + 1 : position + 2]
        arguments.append(_argument(helper, parameter, following[0] if following else None, arguments))
    return Prototype(tuple(arguments), "" if helper.result == "void" else _INTEGERS[helper.result])


def _argument(
    helper: Helper, parameter: Parameter, following: Parameter | None, before: list[Argument]
) -> Argument:
    name, kind = parameter.name, parameter.type
    if before and before[-1].kind in (ArgumentKind.READ, ArgumentKind.WRITE) and name in _SIZES:
        return Argument(name, ArgumentKind.SIZE, _INTEGERS[kind], of=before[-1].name)
    if kind in _INTEGERS:
        if helper.name in ("l3_csum_replace", "l4_csum_replace") and name in ("from", "to"):
            return Argument(name, ArgumentKind.BYTES)
        return Argument(name, ArgumentKind.INTEGER, _INTEGERS[kind])
    if kind == "struct bpf_map *" or name == "ringbuf":
        return Argument(name, ArgumentKind.MAP)
    if kind in _CONTEXTS or name in _CONTEXT_NAMES or helper.name == "get_socket_cookie":
        return Argument(name, ArgumentKind.CONTEXT)
    if name == "key" and before and any(each.kind is ArgumentKind.MAP for each in before):
        return Argument(name, ArgumentKind.KEY)
    if name in _ADDRESSES or (helper.name, name) == ("probe_write_user", "dst"):
        return Argument(name, ArgumentKind.ADDRESS, "u64")
    read = kind.startswith("const ") or helper.name in _READ
    sized = following is not None and following.name in _SIZES
    return Argument(
        name,
        ArgumentKind.READ if read else ArgumentKind.WRITE,
        size=0 if sized else _FIXED[kind],
        optional=(helper.name, name) in _OPTIONAL,
    )


PROTOTYPES: dict[str, Prototype] = {
    name: found for name, helper in HELPERS.items() if (found := prototype(helper)) is not None
}
"""The helpers that programs call as functions, by name."""
