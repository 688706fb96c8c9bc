"""Wrong programs, made of right ones: fragments of kernel functions swapped, mixed, changed and left out."""

from __future__ import annotations

import ast
import contextlib
import copy
import random
from collections.abc import Iterator
from typing import cast

SEED_MODULE = """
from typing import Literal

from osmia import (
    Array, ArrayMap, Constant, HashMap, LpmTrie, LruHashMap, Packet, PerCpuArray, PerCpuHashMap,
    PerfEventArray, RingBuf, TcAction, TcContext, XdpAction, XdpContext, be16, be32, classifier, i8, i16, i32,
    i64, ktime_get_ns, log, struct, u8, u16, u32, u64, xdp,
)
from osmia.net import (
    EtherType, EthHdr, IPv4Address, IPv6Address, IpProtocol, Ipv4Hdr, Ipv6Hdr, TcpHdr, VlanHdr
)

Digits = Array[u8, Literal[8]]
LIMIT = Constant(u32(64))
MASK = 0xFF


@struct
class Inner:
    kind: u8
    size: u32


@struct
class Flow:
    source: IPv4Address
    port: be16
    inner: Inner
    digits: Digits
    bytes: u64

    @property
    def doubled(self) -> u64:
        return self.bytes * 2

    def larger_than(self, limit: u64) -> bool:
        return self.bytes > limit


counts = HashMap(u32, u64, max_entries=16)
flows = LruHashMap(IPv4Address, Flow, max_entries=16)
table = ArrayMap(u64, max_entries=8)
scratch = PerCpuArray(Flow, max_entries=1)
sizes = PerCpuHashMap(u16, u32, max_entries=16)
prefixes = LpmTrie(IPv4Address, u32, max_entries=16)
events = PerfEventArray(Flow)
ring = RingBuf(u64, byte_size=4096)


def next_type(packet: Packet, ether_type: EtherType) -> EtherType:
    if ether_type == EtherType.VLAN:
        vlan = packet.read(VlanHdr)
        if vlan is not None:
            return vlan.ether_type
    return ether_type


def clamp(number: u32, most: u32) -> u32:
    return most if number > most else number


def make_flow(ip: Ipv4Hdr) -> Flow:
    return Flow(
        source=ip.src_addr, port=be16(80), inner=Inner(kind=u8(1), size=u32(2)), digits=Digits(), bytes=u64(0)
    )


def find(address: IPv4Address) -> Flow | None:
    flow = flows.lookup(address)
    if flow is None:
        return None
    return flow


@xdp
def parse(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None:
        return XdpAction.PASS
    kind = next_type(packet, eth.ether_type)
    if kind != EtherType.IPV4:
        counts[u32(kind)] += 1
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.header_length < 20:
        return XdpAction.PASS
    packet.skip(ip.header_length - 20)
    flow = find(ip.src_addr)
    if flow is None:
        new = make_flow(ip)
        new.bytes += u64(ctx.length)
        flows[ip.src_addr] = new
        events.output(ctx, new)
    else:
        flow.bytes += u64(ctx.length)
        if flow.larger_than(u64(LIMIT.value)) and flow.doubled < 1000:
            log.info(f"flow of {flow.source} port {flow.port} has {flow.bytes:x} bytes")
    if ip.protocol == IpProtocol.TCP and ip.src_addr not in prefixes:
        tcp = packet.read(TcpHdr)
        if tcp is not None and tcp.dst_port == 22:
            return XdpAction.DROP
    return XdpAction.PASS


@xdp
def calculate(ctx: XdpContext) -> XdpAction:
    total = u64(0)
    digits = Digits()
    for i in range(8):
        digits[i] = u8(i) ^ 3
        if i == 5:
            continue
        total += u64(digits[i & 7]) << (i % 4)
    small = i16(-5) + i16(ctx.length)
    wide = i64(small) // 3 - i64(total) % 7
    steps = u32(0)
    while steps < 10:
        steps += 1
        if total > 100 or not wide < 0:
            break
    value = table.lookup(u32(steps & 7))
    if value is not None:
        value.value += total if steps != 3 else u64(MASK)
    choice = clamp(steps, u32(4)) if wide > 0 else steps - 1
    inserted = counts.insert(choice, total)
    sizes[u16(choice)] += 1
    table[choice & 7] = ktime_get_ns()
    if inserted and 3 < choice <= 9:
        del counts[choice]
    ring.output(total)
    return XdpAction.DROP if inserted else XdpAction.TX


@classifier
def classify(ctx: TcContext) -> TcAction:
    ctx.pull_data(64)
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    flow = scratch.lookup(u32(0))
    if eth is None or flow is None:
        return TcAction.OK
    flow.port = ctx.protocol
    flow.inner = Inner(kind=u8(2), size=ctx.wire_length)
    flow.digits[ctx.mark & 7] = u8(ctx.gso_segments)
    if eth.ether_type == EtherType.IPV6:
        ip = packet.read(Ipv6Hdr)
        if ip is not None and ip.src_addr == ip.dst_addr:
            return TcAction.SHOT
    return TcAction.NEXT
"""

_OPERATORS = (
    ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr,
    ast.BitXor, ast.Div, ast.Pow,
)  # fmt: skip
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn)
_NUMBERS = (0, 1, -1, 7, 8, 255, 256, 65536, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 64)
_TEXTS = (
    "None", "True", "3.5", "'text'", "...", "int", "len(packet)", "ctx", "counts", "XdpAction", "Flow",
    "range(4)", "lambda: 1", "[1, 2]", "ip", "(x := 3)", "not ctx", "counts[u32(1)]", "-ctx.length", "~MASK",
    "Digits()[9]", "find", "log.info", "u32", "packet.read", "packet", "b''", "f'{ctx}'", "Flow.doubled",
    "LIMIT",
)  # fmt: skip


def mutants(seed: int) -> Iterator[str]:
    """Texts of modules without end, the same for the same seed."""
    choose = random.Random(seed)
    original = ast.parse(SEED_MODULE)
    expressions = [node for node in ast.walk(original) if isinstance(node, ast.expr) and _is_value(node)]
    expressions += [ast.parse(text, mode="eval").body for text in _TEXTS]
    statements = [
        node
        for function in _functions(original)
        for node in ast.walk(function)
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef)
    ]
    while True:
        tree = copy.deepcopy(original)
        functions = _functions(tree)
        for _ in range(choose.choice((1, 1, 1, 2, 3, 5))):
            _mutate(choose, choose.choice(functions), expressions, statements)
        with contextlib.suppress(ValueError):  # a tree that no text stands for
            yield ast.unparse(ast.fix_missing_locations(tree))


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _is_value(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def _mutate(
    choose: random.Random, function: ast.FunctionDef, expressions: list[ast.expr], statements: list[ast.stmt]
) -> None:
    match choose.randrange(10):
        case 0:
            _replace_expression(choose, function, copy.deepcopy(choose.choice(expressions)))
        case 1 | 2 | 3:
            own = [node for node in ast.walk(function) if isinstance(node, ast.expr) and _is_value(node)]
            _replace_expression(choose, function, copy.deepcopy(choose.choice(own)))
        case 4:
            names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
            if len(names) > 1:
                first, second = choose.sample(names, 2)
                first.id, second.id = second.id, first.id
        case 5:
            _change_operator(choose, function)
        case 6:
            constants = [node for node in ast.walk(function) if isinstance(node, ast.Constant)]
            if constants:
                choose.choice(constants).value = choose.choice(_NUMBERS)
        case 7:
            _change_call(choose, function)
        case _:
            _change_body(choose, function, statements)


def _replace_expression(choose: random.Random, function: ast.FunctionDef, new: ast.expr) -> None:
    places: list[tuple[ast.AST, str, object]] = [
        (node, field, value)
        for statement in function.body
        for node in ast.walk(statement)
        for field, value in ast.iter_fields(node)
        if not isinstance(node, ast.JoinedStr | ast.FormattedValue)
    ]
    choose.shuffle(places)
    for node, field, value in places:
        if isinstance(value, ast.expr) and _is_value(value):
            setattr(node, field, new)
            return
        if isinstance(value, list):
            values = cast("list[ast.AST]", value)
            if values and isinstance(values[0], ast.expr) and _is_value(values[0]):
                values[choose.randrange(len(values))] = new
                return


def _change_operator(choose: random.Random, function: ast.FunctionDef) -> None:
    nodes = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.BinOp | ast.AugAssign | ast.Compare | ast.BoolOp | ast.UnaryOp)
    ]
    if not nodes:
        return
    match choose.choice(nodes):
        case ast.Compare() as node:
            node.ops[choose.randrange(len(node.ops))] = choose.choice(_COMPARISONS)()
        case ast.BoolOp() as node:
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp() as node:
            node.op = choose.choice((ast.Not, ast.USub, ast.UAdd, ast.Invert))()
        case node:
            node.op = choose.choice(_OPERATORS)()


def _change_call(choose: random.Random, function: ast.FunctionDef) -> None:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    if not calls:
        return
    call = choose.choice(calls)
    arguments: list[ast.expr] | list[ast.keyword] = call.args if choose.random() < 0.7 else call.keywords
    if arguments and choose.random() < 0.5:
        arguments.pop(choose.randrange(len(arguments)))
    elif choose.random() < 0.5:
        call.args.append(ast.Constant(choose.choice(_NUMBERS)))
    else:
        call.keywords.append(ast.keyword(choose.choice((None, "size", "limit")), ast.Name("ctx", ast.Load())))


def _change_body(choose: random.Random, function: ast.FunctionDef, statements: list[ast.stmt]) -> None:
    bodies: list[list[ast.stmt]] = [
        body
        for node in ast.walk(function)
        for body in (getattr(node, "body", None), getattr(node, "orelse", None))
        if isinstance(body, list) and body
    ]
    body = choose.choice(bodies)
    position = choose.randrange(len(body))
    match choose.randrange(6):
        case 0:
            body[position] = ast.Pass()
        case 1:
            body.insert(position, copy.deepcopy(choose.choice(statements)))
        case 2:
            body.insert(position, copy.deepcopy(choose.choice(body)))
        case 3:
            body[position] = ast.If(_any_test(choose), [body[position]], [])
        case 4:
            body[position] = ast.While(_any_test(choose), [body[position]], [])
        case _:
            loop = ast.parse(
                f"for i in range({choose.choice((0, 1, 4, 'ctx.length', '3, 9, 2', '9, 0, -1'))}): pass"
            )
            assert isinstance(loop.body[0], ast.For)
            loop.body[0].body = [body[position]]
            body[position] = loop.body[0]


def _any_test(choose: random.Random) -> ast.expr:
    texts = ("True", "False", "ctx.length > 4", "flow is None", "flow", "eth is not None", "total and steps")
    return ast.parse(choose.choice(texts), mode="eval").body
