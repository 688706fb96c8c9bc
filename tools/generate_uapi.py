"""Generate the tables of `osmia.uapi` from the kernel's user-space headers.

    python tools/generate_uapi.py --headers DIR --headers /usr/include/linux --origin "libbpf COMMIT (DATE)"

Each header is taken from the first DIR that has it; `include/uapi/linux` of libbpf is usually newer than
the distribution's. Only names, numbers and C types are taken over.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

OUTPUT = Path(__file__).resolve().parent.parent / "src" / "osmia" / "uapi"


@dataclass(frozen=True)
class EnumSource:
    """One Python enum: the constants whose C names match `pattern`, without what it matched."""

    name: str
    header: str
    pattern: str
    doc: str
    base: str = "IntEnum"
    exclude: str = r"(?!)"


@dataclass(frozen=True)
class RecordSource:
    """One ctypes record. `path` leads to the C struct; `members` are the variants kept of its unions."""

    name: str
    header: str
    path: str
    doc: str
    members: tuple[str, ...] = ()


ENUMS: Mapping[str, tuple[EnumSource, ...]] = {
    "constants": (
        EnumSource("Command", "bpf.h", r"enum:bpf_cmd:BPF_", "Commands of bpf(2).", exclude="__MAX|PROG_RUN"),
        EnumSource(
            "MapType",
            "bpf.h",
            r"enum:bpf_map_type:BPF_MAP_TYPE_",
            "Kinds of map.",
            exclude="__MAX|_DEPRECATED",
        ),
        EnumSource(
            "ProgramType", "bpf.h", r"enum:bpf_prog_type:BPF_PROG_TYPE_", "Kinds of program.", exclude="__MAX"
        ),
        EnumSource(
            "AttachType",
            "bpf.h",
            r"enum:bpf_attach_type:BPF_",
            "Hooks that a program attaches to.",
            exclude="__MAX",
        ),
        EnumSource(
            "LinkType", "bpf.h", r"enum:bpf_link_type:BPF_LINK_TYPE_", "Kinds of link.", exclude="__MAX"
        ),
        EnumSource(
            "UpdateFlags",
            "bpf.h",
            r"any:BPF_(?=ANY$|NOEXIST$|EXIST$|F_LOCK$)",
            "Flags of a map update.",
            "IntFlag",
        ),
        EnumSource(
            "MapFlags",
            "bpf.h",
            r"any:BPF_F_(?=NO_PREALLOC$|NO_COMMON_LRU$|NUMA_NODE$|RDONLY$|WRONLY$|RDONLY_PROG$|WRONLY_PROG$"
            r"|MMAPABLE$|PRESERVE_ELEMS$|INNER_MAP$|ZERO_SEED$|STACK_BUILD_ID$|CLONE$|LINK$)",
            "Flags of BPF_MAP_CREATE.",
            "IntFlag",
        ),
        EnumSource(
            "ProgramFlags",
            "bpf.h",
            r"any:BPF_F_(?=STRICT_ALIGNMENT$|ANY_ALIGNMENT$|SLEEPABLE$|XDP_HAS_FRAGS$|XDP_DEV_BOUND_ONLY$)",
            "Flags of BPF_PROG_LOAD.",
            "IntFlag",
        ),
        EnumSource(
            "TestRunFlags",
            "bpf.h",
            r"any:BPF_F_TEST_(?=RUN_ON_CPU|XDP_LIVE)",
            "Flags of BPF_PROG_TEST_RUN.",
            "IntFlag",
        ),
        EnumSource(
            "PseudoSource", "bpf.h", r"any:BPF_PSEUDO_", "Meaning of an instruction's source register field."
        ),
        EnumSource(
            "RingBufferFlags",
            "bpf.h",
            r"any:BPF_RINGBUF_(?=BUSY|DISCARD)",
            "Bits of a ring buffer record's length.",
            "IntFlag",
        ),
        EnumSource(
            "RingBufFlags",
            "bpf.h",
            r"any:BPF_RB_(?=NO_WAKEUP$|FORCE_WAKEUP$)",
            "Whether an event of a ring buffer wakes the reader; without one the kernel decides.",
            "IntFlag",
        ),
        EnumSource("XdpAction", "bpf.h", r"enum:xdp_action:XDP_", "Verdicts of an XDP program."),
        EnumSource("BtfKind", "btf.h", r"any:BTF_KIND_", "Kinds of BTF type.", exclude="MAX"),
        EnumSource(
            "XdpFlags",
            "if_link.h",
            r"any:XDP_FLAGS_",
            "How an XDP program is attached.",
            "IntFlag",
            "MODES|MASK",
        ),
        EnumSource("XdpAttached", "if_link.h", r"any:XDP_ATTACHED_", "Which XDP mode an interface is in."),
        EnumSource(
            "LinkXdpAttribute", "if_link.h", r"any:IFLA_XDP_", "Attributes nested in IFLA_XDP.", exclude="MAX"
        ),
        EnumSource(
            "LinkAttribute", "if_link.h", r"any:IFLA_(?=IFNAME$|XDP$|MTU$)", "Attributes of a link message."
        ),
        EnumSource(
            "NetlinkMessage",
            "netlink.h",
            r"any:NLMSG_(?=NOOP$|ERROR$|DONE$|OVERRUN$)",
            "Control messages of netlink.",
        ),
        EnumSource(
            "NetlinkFlags",
            "netlink.h",
            r"any:NLM_F_(?=REQUEST$|MULTI$|ACK$|ECHO$|DUMP_INTR$|ROOT$|MATCH$|EXCL$|CREATE$)",
            "Flags of a netlink message.",
            "IntFlag",
        ),
        EnumSource(
            "RouteMessage",
            "rtnetlink.h",
            r"any:RTM_(?=GETLINK$|NEWLINK$|(NEW|DEL|GET)(QDISC|TFILTER)$)",
            "Messages of route netlink.",
        ),
        EnumSource(
            "TrafficAttribute",
            "rtnetlink.h",
            r"any:TCA_(?=KIND$|OPTIONS$)",
            "Attributes of a traffic control message.",
        ),
        EnumSource(
            "BpfFilterAttribute",
            "pkt_cls.h",
            r"any:TCA_BPF_(?=FD$|NAME$|FLAGS$|ID$)",
            "Attributes nested in TCA_OPTIONS of a filter of kind bpf.",
        ),
        EnumSource(
            "BpfFilterFlags", "pkt_cls.h", r"any:TCA_BPF_FLAG_", "How a filter of kind bpf works.", "IntFlag"
        ),
        EnumSource(
            "TrafficHandle",
            "pkt_sched.h",
            r"any:TC_H_(?=CLSACT$|INGRESS$|MIN_INGRESS$|MIN_EGRESS$)",
            "Places in traffic control.",
        ),
        EnumSource(
            "AttachFlags",
            "bpf.h",
            r"any:BPF_F_(?=ALLOW_OVERRIDE$|ALLOW_MULTI$|REPLACE$|BEFORE$|AFTER$|ID$|LINK$)",
            "Flags of BPF_PROG_ATTACH and BPF_LINK_CREATE.",
            "IntFlag",
        ),
        EnumSource(
            "ProbeFlags",
            "bpf.h",
            r"any:BPF_F_(?=KPROBE_MULTI_RETURN$|UPROBE_MULTI_RETURN$)",
            "Flags of links to many functions.",
            "IntFlag",
        ),
        EnumSource(
            "SocketOperation",
            "bpf.h",
            r"any:BPF_SOCK_OPS_(?=[A-Z_]+_(CB|INIT|CWND|ECN|RTT)$|VOID$)",
            "What a socket operations program is asked or told.",
        ),
        EnumSource(
            "SocketEvents",
            "bpf.h",
            r"any:BPF_SOCK_OPS_(?=[A-Z_]+_CB_FLAG$)",
            "Events that a socket operations program can ask for.",
            "IntFlag",
        ),
        EnumSource(
            "NetfilterHook",
            "netfilter.h",
            r"any:NF_INET_",
            "Places on a packet's way through netfilter.",
            exclude="NUMHOOKS",
        ),
        EnumSource("PerfType", "perf_event.h", r"any:PERF_TYPE_", "Kinds of perf event.", exclude="MAX"),
        EnumSource(
            "PerfSoftware", "perf_event.h", r"any:PERF_COUNT_SW_", "Software perf events.", exclude="MAX"
        ),
        EnumSource(
            "PerfHardware",
            "perf_event.h",
            r"enum:perf_hw_id:PERF_COUNT_HW_",
            "Hardware perf events.",
            exclude="MAX",
        ),
        EnumSource(
            "PerfSamples",
            "perf_event.h",
            r"any:PERF_SAMPLE_(?=RAW$|TIME$|CPU$|TID$)",
            "Parts of a perf sample.",
            "IntFlag",
        ),
        EnumSource(
            "PerfReading",
            "perf_event.h",
            r"any:PERF_FORMAT_(?=LOST$)",
            "What read(2) of a perf event gives after its count.",
            "IntFlag",
        ),
        EnumSource(
            "PerfRecord", "perf_event.h", r"any:PERF_RECORD_(?=LOST$|SAMPLE$)", "Records in a perf buffer."
        ),
    ),
}

ATTR = "union bpf_attr"
RECORDS = (
    RecordSource("MapCreate", "bpf.h", f"{ATTR}/map_type", "BPF_MAP_CREATE."),
    RecordSource(
        "MapElement", "bpf.h", f"{ATTR}/map_fd", "BPF_MAP_*_ELEM, BPF_MAP_GET_NEXT_KEY and BPF_MAP_FREEZE."
    ),
    RecordSource("MapBatch", "bpf.h", f"{ATTR}/in_batch", "BPF_MAP_*_BATCH."),
    RecordSource("ProgramLoad", "bpf.h", f"{ATTR}/prog_type", "BPF_PROG_LOAD."),
    RecordSource("PinnedObject", "bpf.h", f"{ATTR}/pathname", "BPF_OBJ_PIN and BPF_OBJ_GET."),
    RecordSource("TestRun", "bpf.h", f"{ATTR}/retval", "BPF_PROG_TEST_RUN."),
    RecordSource("ObjectId", "bpf.h", f"{ATTR}/start_id", "BPF_*_GET_FD_BY_ID and BPF_*_GET_NEXT_ID."),
    RecordSource("ObjectInfo", "bpf.h", f"{ATTR}/info_len", "BPF_OBJ_GET_INFO_BY_FD."),
    RecordSource("ProgramQuery", "bpf.h", f"{ATTR}/query_flags", "BPF_PROG_QUERY."),
    RecordSource("BtfLoad", "bpf.h", f"{ATTR}/btf_log_buf", "BPF_BTF_LOAD."),
    RecordSource(
        "LinkCreate",
        "bpf.h",
        f"{ATTR}/target_btf_id",
        "BPF_LINK_CREATE.",
        (
            "target_btf_id",
            "perf_event",
            "tcx",
            "iter_info",
            "kprobe_multi",
            "uprobe_multi",
            "netfilter",
            "cgroup",
        ),
    ),
    RecordSource(
        "LinkUpdate", "bpf.h", f"{ATTR}/new_prog_fd", "BPF_LINK_UPDATE.", ("new_prog_fd", "old_prog_fd")
    ),
    RecordSource("IteratorCreate", "bpf.h", f"{ATTR}/iter_create", "BPF_ITER_CREATE."),
    RecordSource("ProgramAttach", "bpf.h", f"{ATTR}/attach_bpf_fd", "BPF_PROG_ATTACH and BPF_PROG_DETACH."),
    RecordSource("RawTracepointOpen", "bpf.h", f"{ATTR}/raw_tracepoint", "BPF_RAW_TRACEPOINT_OPEN."),
    RecordSource("LinkDetach", "bpf.h", f"{ATTR}/link_detach", "BPF_LINK_DETACH."),
    RecordSource("EnableStats", "bpf.h", f"{ATTR}/enable_stats", "BPF_ENABLE_STATS."),
    RecordSource("ProgramInfo", "bpf.h", "struct bpf_prog_info", "What the kernel tells about a program."),
    RecordSource("MapInfo", "bpf.h", "struct bpf_map_info", "What the kernel tells about a map."),
    RecordSource(
        "LinkInfo", "bpf.h", "struct bpf_link_info", "What the kernel tells about a link.", ("xdp", "tcx")
    ),
    RecordSource("BtfInfo", "bpf.h", "struct bpf_btf_info", "What the kernel tells about a BTF object."),
    RecordSource(
        "PerfEventAttributes", "perf_event.h", "struct perf_event_attr", "Argument of perf_event_open(2)."
    ),
    RecordSource(
        "PerfBufferPage", "perf_event.h", "struct perf_event_mmap_page", "First page of a perf buffer."
    ),
    RecordSource("SkBuff", "bpf.h", "struct __sk_buff", "Context of programs that see a socket buffer."),
    RecordSource("Sock", "bpf.h", "struct bpf_sock", "Context of programs at sockets of a cgroup."),
    RecordSource("SockAddr", "bpf.h", "struct bpf_sock_addr", "Context of programs at socket addresses."),
    RecordSource("SockOps", "bpf.h", "struct bpf_sock_ops", "Context of socket operations programs."),
    RecordSource("SkMsg", "bpf.h", "struct sk_msg_md", "Context of programs at sent messages."),
    RecordSource(
        "SkReuseport", "bpf.h", "struct sk_reuseport_md", "Context of programs that select a socket."
    ),
    RecordSource("SkLookup", "bpf.h", "struct bpf_sk_lookup", "Context of socket look-up programs."),
    RecordSource("Sysctl", "bpf.h", "struct bpf_sysctl", "Context of programs at kernel settings."),
    RecordSource("Sockopt", "bpf.h", "struct bpf_sockopt", "Context of programs at socket options."),
    RecordSource("CgroupDevice", "bpf.h", "struct bpf_cgroup_dev_ctx", "Context of device access programs."),
)

C_TYPES = {
    "__u8": "c_uint8",
    "__u16": "c_uint16",
    "__s16": "c_int16",
    "__u32": "c_uint32",
    "__s32": "c_int32",
    "__u64": "c_uint64",
    "__s64": "c_int64",
    "__be16": "c_uint16",
    "__be32": "c_uint32",
    "__aligned_u64": "c_uint64",
    "char": "c_char",
}


def without_comments(text: str) -> str:
    """C text without comments."""
    return re.sub(r"//[^\n]*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


class Header:
    """The constants and structs of one C header."""

    def __init__(self, text: str) -> None:
        self.text = text
        # A pointer that is 64 bits wide on every machine.
        self.code = re.sub(r"__bpf_md_ptr\([^,]+,\s*(\w+)\)", r"__u64 \1", without_comments(text))
        self.constants: dict[str, int] = {}
        self.enums: dict[str, dict[str, int]] = {}
        self._read_constants()

    def value(self, expression: str) -> int | None:
        """The number that a constant expression stands for, or None where it is not one."""
        expression = re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", expression.strip())
        if not re.fullmatch(r"[\w\s()|<>+\-*~]+", expression):
            return None
        tokens = re.findall(r"[A-Za-z_]\w*", re.sub(r"0[xX][0-9a-fA-F]+", "", expression))
        if any(token not in self.constants for token in tokens) or not re.search(r"\w", expression):
            return None
        try:
            result = eval(expression, {"__builtins__": {}}, dict(self.constants))
        except SyntaxError:
            return None
        return result if isinstance(result, int) else None

    def _read_constants(self) -> None:
        for match in re.finditer(
            r"enum\s*(\w*)\s*\{(.*?)\}|^#define\s+(\w+)[ \t]+([^\n]+)$", self.code, re.DOTALL | re.MULTILINE
        ):
            tag, body, name, expression = match.groups()
            if name is not None:
                number = (
                    self.value(expression.splitlines()[0]) if "\\" not in expression.splitlines()[0] else None
                )
                if number is not None:
                    self.constants.setdefault(name, number)
                continue
            members: dict[str, int] = {}
            following = 0
            for part in re.sub(r"^#.*$", "", body, flags=re.MULTILINE).split(","):
                member, _, expression = part.strip().partition("=")
                if not member or not re.fullmatch(r"\w+", member.strip()):
                    continue
                number = self.value(expression) if expression else following
                if number is None:
                    continue
                members[member.strip()] = number
                self.constants[member.strip()] = number
                following = number + 1
            if tag:
                self.enums[tag] = members

    def matching(self, pattern: str) -> dict[str, int]:
        """Constants for an `EnumSource.pattern`, without their prefix."""
        kind, _, rest = pattern.partition(":")
        if kind == "enum":
            tag, _, prefix = rest.partition(":")
            source = self.enums[tag]
        else:
            source, prefix = self.constants, rest
        found: dict[str, int] = {}
        for name, number in source.items():
            match = re.match(prefix, name)
            if match and name[match.end() :]:
                found[name[match.end() :]] = number
            elif kind == "enum" and not name.startswith("__"):
                found[name] = number
        return found


def braces(text: str, start: int) -> int:
    """The position after the brace that closes the one at `start`."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    raise SystemExit("unbalanced braces")


@dataclass(frozen=True)
class Member:
    """A member of a C struct: a scalar, a bit field, an array, or a nested struct or union."""

    name: str
    ctype: str = ""
    count: int = 0
    bits: int = 0
    kind: str = ""
    body: str = ""


def members(body: str, header: Header) -> Iterator[Member]:
    """The members of a struct body."""
    position = 0
    pattern = re.compile(r"\s*(?:(struct|union)\s*(\{)|(\w+)\s+([^;{}]*);|\s*;)")
    while match := pattern.match(body, position):
        position = match.end()
        if match[1]:
            end = braces(body, match.end() - 1)
            inner = body[match.end() : end - 1]
            name = re.compile(r"\s*(\w*)[^;]*;").match(body, end)
            assert name is not None
            position = name.end()
            yield Member(name[1], kind=match[1], body=inner)
        elif match[3]:
            for declarator in match[4].split(","):
                name_, _, bits = declarator.strip().partition(":")
                array = re.search(r"\[(.*)\]", name_)
                count = (header.value(array[1]) or 0) if array else 0
                yield Member(name_.split("[")[0].strip(), match[3], count, int(bits or 0))


def keeps(member: Member, kept: tuple[str, ...]) -> bool:
    """Whether a union's variant is wanted."""
    return not kept or member.name in kept or any(re.search(rf"\b{name}\b", member.body) for name in kept)


def is_whole(member: Member) -> bool:
    """Whether a bit field is as wide as its type."""
    return member.bits == int(re.sub(r"\D", "", C_TYPES[member.ctype]))


class RecordWriter:
    """Writes ctypes classes; nested ones come before the one that holds them."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.lines: list[str] = []

    def write(self, name: str, body: str, doc: str, base: str, kept: tuple[str, ...]) -> list[str]:
        """Append the class and give back the annotations that its holder takes over."""
        fields: list[str] = []
        annotations: list[str] = []
        anonymous: list[str] = []
        padding = 0
        for number, member in enumerate(members(body, self.header)):
            if member.kind:
                if base == "Union" and not keeps(member, kept):
                    continue
                nested = f"{name}{member.name.title().replace('_', '') or str(number)}"
                inner_base = "Union" if member.kind == "union" else "Structure"
                wanted = () if member.name in kept else kept
                inner = self.write(nested, member.body, f"Part of {name}.", inner_base, wanted)
                label = member.name or f"member_{number}"
                fields.append(f'("{label}", {nested})')
                if member.name:
                    annotations.append(f"{label}: {nested}")
                else:
                    anonymous.append(label)
                    annotations += inner
                continue
            if base == "Union" and not keeps(member, kept) and kept and fields and member.name not in kept:
                continue
            label = member.name
            if not label and member.bits and member.bits % 8 == 0 and not is_whole(member):
                continue  # the next member's alignment leaves the same room
            if not label:
                label, padding = f"padding_{padding}", padding + 1
            label = label.lstrip("_")
            ctype = C_TYPES[member.ctype]
            if member.count:
                fields.append(f'("{label}", {ctype} * {member.count})')
                annotation = "bytes" if ctype == "c_char" else f"Array[{ctype}]"
            elif member.bits and not is_whole(member):
                fields.append(f'("{label}", {ctype}, {member.bits})')
                annotation = "int"
            else:
                fields.append(f'("{label}", {ctype})')
                annotation = "int"
            if not label.startswith("padding"):
                annotations.append(f"{label}: {annotation}")
        if base == "Union" and kept and "u64" in body:
            # The variants left out still decide the union's alignment.
            fields.append('("padding", c_uint64)')
        self.lines += [f"class {name}({base}):", f'    """{doc}"""', ""]
        if anonymous:
            self.lines.append(f"    _anonymous_ = ({', '.join(repr(label) for label in anonymous)},)")
        self.lines += ["    _fields_ = (", *(f"        {field}," for field in fields), "    )"]
        unique = list(dict.fromkeys(annotations))
        self.lines += [f"    {annotation}" for annotation in unique] + ["", ""]
        return unique

    def find(self, path: str) -> str:
        """The body of the struct that `path` names: `struct x`, or `union x/first distinguishing member`."""
        outer, _, inner = path.partition("/")
        match = re.search(rf"{outer}\s*(\{{)", self.header.code)
        if match is None:
            raise SystemExit(f"{outer} is not in the header")
        body = self.header.code[match.end() : braces(self.header.code, match.end() - 1) - 1]
        if not inner:
            return body
        for member in members(body, self.header):
            if member.name == inner or re.search(rf"\b{inner}\b", member.body):
                return member.body
        raise SystemExit(f"{path} is not in the header")


def helper_rows(header: Header) -> Iterator[str]:
    """One row per helper: id, name, result type, parameters."""
    numbers = {name: int(number) for name, number in re.findall(r"FN\((\w+), (\d+), ##ctx\)", header.text)}
    signatures = re.findall(
        r"^ \* ((?:const )?(?:struct )?\w+ \**)\s*bpf_(\w+)\(([^\n]*)\)$", header.text, re.MULTILINE
    )
    known = {name: (result.strip(), arguments) for result, name, arguments in signatures}
    for name, number in numbers.items():
        if name == "unspec":
            continue
        if name not in known:
            print(f"helper {name} has no documented signature", file=sys.stderr)
            continue
        result, arguments = known[name]
        arguments = "" if arguments == "void" else arguments
        yield f"    {name!r}: Helper({number}, {name!r}, {result!r}, {arguments!r}),"


def banner(doc: str, origin: str) -> list[str]:
    """The first lines of a generated file."""
    return [f'"""{doc}', "", f"Generated by tools/generate_uapi.py from {origin}; do not edit.", '"""', ""]


def main() -> None:
    """Write constants.py, records.py and helpers.py."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--headers", action="append", type=Path, required=True)
    parser.add_argument("--origin", required=True)
    options = parser.parse_args()
    cache: dict[str, Header] = {}

    def header(name: str) -> Header:
        if name not in cache:
            path = next(folder / name for folder in options.headers if (folder / name).exists())
            cache[name] = Header(path.read_text())
        return cache[name]

    lines = banner("Numbers of bpf(2), BTF, XDP, perf_event_open(2) and route netlink.", options.origin)
    lines += ["from enum import IntEnum, IntFlag", ""]
    for source in ENUMS["constants"]:
        lines += ["", f"class {source.name}({source.base}):", f'    """{source.doc}"""', ""]
        for name, number in header(source.header).matching(source.pattern).items():
            if re.search(source.exclude, name):
                continue
            lines.append(f"    {name} = {hex(number) if source.base == 'IntFlag' else number}")
        lines.append("")
    (OUTPUT / "constants.py").write_text("\n".join(lines))

    lines = banner("Records of bpf(2) and perf_event_open(2).", options.origin)
    lines += ["from ctypes import Array, Structure, Union"]
    lines += [f"from ctypes import {ctype}" for ctype in sorted(set(C_TYPES.values()))] + ["", ""]
    for record in RECORDS:
        writer = RecordWriter(header(record.header))
        writer.write(record.name, writer.find(record.path), record.doc, "Structure", record.members)
        lines += writer.lines
    (OUTPUT / "records.py").write_text("\n".join(lines))

    lines = banner("Helper functions that a program may call: ids and C signatures.", options.origin)
    lines += ["from osmia.uapi.helper import Helper", "", ""]
    lines += [
        "HELPERS: dict[str, Helper] = {",
        *helper_rows(header("bpf.h")),
        "}",
        '"""By name, without the prefix `bpf_`."""',
    ]
    (OUTPUT / "helpers.py").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
