"""Programs on a control group: its sockets, addresses, socket options, kernel settings and devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, TypeVar

from osmia.lang.actions import CgroupVerdict
from osmia.lang.arrays import Array, CharArray
from osmia.lang.fields import ContextField, RecordContext, WritableField
from osmia.lang.helpers import text_of
from osmia.lang.integers import be16, be32, i32, u32
from osmia.lang.memory import Buffer
from osmia.lang.packet import Packet
from osmia.lang.programs import Program
from osmia.uapi import AttachType, ProgramType
from osmia.uapi.records import CgroupDevice, Sock, SockAddr, Sockopt, Sysctl

__all__ = [
    "CgroupDeviceContext",
    "CgroupDeviceProgram",
    "CgroupProgram",
    "CgroupSockAddrContext",
    "CgroupSockAddrProgram",
    "CgroupSockContext",
    "CgroupSockProgram",
    "CgroupSockoptContext",
    "CgroupSockoptProgram",
    "CgroupSysctlContext",
    "CgroupSysctlProgram",
    "cgroup_device",
    "cgroup_sock",
    "cgroup_sock_addr",
    "cgroup_sockopt",
    "cgroup_sysctl",
]

C = TypeVar("C")
T = TypeVar("T", bound="CharArray[Any]")

SockHook = Literal["sock_create", "sock_release", "post_bind4", "post_bind6"]
SockAddrHook = Literal[
    "bind4", "bind6", "connect4", "connect6", "getpeername4", "getpeername6",
    "getsockname4", "getsockname6", "recvmsg4", "recvmsg6", "sendmsg4", "sendmsg6",
]  # fmt: skip
SockoptHook = Literal["getsockopt", "setsockopt"]


class CgroupSockContext(RecordContext):
    """A socket that is made, bound or closed (`struct bpf_sock`)."""

    record = Sock
    kernel_name = "bpf_sock"

    bound_dev_if = WritableField(u32, "bound_dev_if")
    """Index of the interface it is bound to; settable in `sock_create`."""
    family = ContextField(u32, "family")
    """AF_INET or AF_INET6."""
    type = ContextField(u32, "type")
    """SOCK_STREAM, SOCK_DGRAM or SOCK_RAW."""
    protocol = ContextField(u32, "protocol")
    """IPPROTO_TCP and so on."""
    mark = WritableField(u32, "mark")
    """The mark of its packets; settable in `sock_create`."""
    priority = WritableField(u32, "priority")
    """The priority of its packets; settable in `sock_create`."""
    source_address = ContextField(be32, "src_ip4")
    """The IPv4 address it is bound to, in `post_bind4`."""
    source_address6 = ContextField(Array[be32, Literal[4]], "src_ip6")
    """The IPv6 address it is bound to, in `post_bind6`."""
    source_port = ContextField(u32, "src_port")
    """The port it is bound to, in `post_bind4` and `post_bind6`."""


class CgroupSockAddrContext(RecordContext):
    """The address that a process gave to a call (`struct bpf_sock_addr`); a program may change it."""

    record = SockAddr
    kernel_name = "bpf_sock_addr"

    user_family = ContextField(u32, "user_family")
    """The family that the process gave."""
    user_address = WritableField(be32, "user_ip4")
    """The IPv4 address that the process gave, in hooks that end in 4."""
    user_address6 = ContextField(Array[be32, Literal[4]], "user_ip6")
    """The IPv6 address that the process gave, in hooks that end in 6."""
    user_port = WritableField(be16, "user_port")
    """The port that the process gave."""
    family = ContextField(u32, "family")
    """The socket's family."""
    type = ContextField(u32, "type")
    """SOCK_STREAM or SOCK_DGRAM."""
    protocol = ContextField(u32, "protocol")
    """IPPROTO_TCP or IPPROTO_UDP."""
    message_source_address = WritableField(be32, "msg_src_ip4")
    """The source address of a message, in `sendmsg4`."""


class CgroupSockoptContext(RecordContext):
    """A call of getsockopt(2) or setsockopt(2) (`struct bpf_sockopt`)."""

    record = Sockopt
    kernel_name = "bpf_sockopt"

    level = WritableField(i32, "level")
    """The level, such as SOL_SOCKET; settable in `setsockopt`."""
    option = WritableField(i32, "optname")
    """The option's number; settable in `setsockopt`."""
    length = WritableField(i32, "optlen")
    """Bytes of the value; -1 in `setsockopt` keeps the call from the kernel."""
    result = WritableField(i32, "retval")
    """What the call returns, in `getsockopt`."""

    def __init__(self, value: Buffer = b"", **fields: Any) -> None:  # type: ignore[assignment] # pyright: ignore[reportArgumentType]
        super().__init__(**fields)
        self._value = bytearray(value)

    def value(self) -> Packet:
        """A cursor over the option's value."""
        return Packet(self._value)


class CgroupSysctlContext(RecordContext):
    """A setting below /proc/sys that is read or written (`struct bpf_sysctl`)."""

    record = Sysctl
    kernel_name = "bpf_sysctl"

    write = ContextField(u32, "write")
    """1 where it is written, 0 where it is read."""
    position = WritableField(u32, "file_pos")
    """Where in the file; set it to 0 with a new value."""

    def __init__(self, name: str = "", *, value: str = "", new_value: str = "", **fields: Any) -> None:
        super().__init__(**fields)
        self._texts = (name.encode(), value.encode(), new_value.encode())

    def name(self, kind: type[T]) -> T:
        """The setting, such as "net/ipv4/ip_forward" (bpf_sysctl_get_name, Linux 5.2)."""
        return text_of(kind, self._texts[0])

    def value(self, kind: type[T]) -> T:
        """What it is now (bpf_sysctl_get_current_value, Linux 5.2)."""
        return text_of(kind, self._texts[1])

    def new_value(self, kind: type[T]) -> T:
        """What is being written; empty where it is read (bpf_sysctl_get_new_value, Linux 5.2)."""
        return text_of(kind, self._texts[2])


class CgroupDeviceContext(RecordContext):
    """A device file that is opened or made (`struct bpf_cgroup_dev_ctx`)."""

    record = CgroupDevice
    kernel_name = "bpf_cgroup_dev_ctx"

    access_type = ContextField(u32, "access_type")
    """The access (1 mknod, 2 read, 4 write) shifted left by 16, and the kind (1 block, 2 character)."""
    major = ContextField(u32, "major")
    """The major number."""
    minor = ContextField(u32, "minor")
    """The minor number."""


class CgroupProgram(Program[C, CgroupVerdict]):
    """A program on a control group, at one of its hooks."""

    return_type = CgroupVerdict
    hooks: ClassVar[Mapping[str, AttachType]]
    """The hooks of its kind."""

    def __init__(self, function: Callable[[C], CgroupVerdict], hook: str) -> None:
        super().__init__(function)
        if hook not in self.hooks:
            raise ValueError(f"there is no hook {hook!r}; there is: {', '.join(self.hooks)}")
        self.hook = hook
        self.attach_type = self.hooks[hook]

    @property
    def section(self) -> str:
        """The ELF section, which names the hook."""
        return f"cgroup/{self.hook}"


class CgroupSockProgram(CgroupProgram[CgroupSockContext]):
    """A program at sockets (BPF_PROG_TYPE_CGROUP_SOCK, Linux 4.10; post_bind 4.17, release 5.9)."""

    program_type = ProgramType.CGROUP_SOCK
    context_type = CgroupSockContext
    prefix = "cgroup"
    hooks: ClassVar[Mapping[str, AttachType]] = {
        "sock_create": AttachType.CGROUP_INET_SOCK_CREATE,
        "sock_release": AttachType.CGROUP_INET_SOCK_RELEASE,
        "post_bind4": AttachType.CGROUP_INET4_POST_BIND,
        "post_bind6": AttachType.CGROUP_INET6_POST_BIND,
    }


class CgroupSockAddrProgram(CgroupProgram[CgroupSockAddrContext]):
    """A program at socket addresses (BPF_PROG_TYPE_CGROUP_SOCK_ADDR, Linux 4.17; getpeername 5.8)."""

    program_type = ProgramType.CGROUP_SOCK_ADDR
    context_type = CgroupSockAddrContext
    prefix = "cgroup"
    hooks: ClassVar[Mapping[str, AttachType]] = {
        "bind4": AttachType.CGROUP_INET4_BIND,
        "bind6": AttachType.CGROUP_INET6_BIND,
        "connect4": AttachType.CGROUP_INET4_CONNECT,
        "connect6": AttachType.CGROUP_INET6_CONNECT,
        "getpeername4": AttachType.CGROUP_INET4_GETPEERNAME,
        "getpeername6": AttachType.CGROUP_INET6_GETPEERNAME,
        "getsockname4": AttachType.CGROUP_INET4_GETSOCKNAME,
        "getsockname6": AttachType.CGROUP_INET6_GETSOCKNAME,
        "recvmsg4": AttachType.CGROUP_UDP4_RECVMSG,
        "recvmsg6": AttachType.CGROUP_UDP6_RECVMSG,
        "sendmsg4": AttachType.CGROUP_UDP4_SENDMSG,
        "sendmsg6": AttachType.CGROUP_UDP6_SENDMSG,
    }


class CgroupSockoptProgram(CgroupProgram[CgroupSockoptContext]):
    """A program at socket options (BPF_PROG_TYPE_CGROUP_SOCKOPT, Linux 5.3)."""

    program_type = ProgramType.CGROUP_SOCKOPT
    context_type = CgroupSockoptContext
    prefix = "cgroup"
    hooks: ClassVar[Mapping[str, AttachType]] = {
        "getsockopt": AttachType.CGROUP_GETSOCKOPT,
        "setsockopt": AttachType.CGROUP_SETSOCKOPT,
    }


class CgroupSysctlProgram(CgroupProgram[CgroupSysctlContext]):
    """A program at kernel settings (BPF_PROG_TYPE_CGROUP_SYSCTL, Linux 5.2)."""

    program_type = ProgramType.CGROUP_SYSCTL
    context_type = CgroupSysctlContext
    prefix = "cgroup"
    hooks: ClassVar[Mapping[str, AttachType]] = {"sysctl": AttachType.CGROUP_SYSCTL}


class CgroupDeviceProgram(CgroupProgram[CgroupDeviceContext]):
    """A program at device files (BPF_PROG_TYPE_CGROUP_DEVICE, Linux 4.15)."""

    program_type = ProgramType.CGROUP_DEVICE
    context_type = CgroupDeviceContext
    prefix = "cgroup"
    hooks: ClassVar[Mapping[str, AttachType]] = {"dev": AttachType.CGROUP_DEVICE}


def cgroup_sock(
    hook: SockHook,
) -> Callable[[Callable[[CgroupSockContext], CgroupVerdict]], CgroupSockProgram]:
    """Declare a program at sockets of a control group that are made, bound or closed."""
    return lambda function: CgroupSockProgram(function, hook)


def cgroup_sock_addr(
    hook: SockAddrHook,
) -> Callable[[Callable[[CgroupSockAddrContext], CgroupVerdict]], CgroupSockAddrProgram]:
    """Declare a program at the addresses that processes of a control group give.

    @cgroup_sock_addr("connect4")
    def to_proxy(ctx: CgroupSockAddrContext) -> CgroupVerdict:
        if ctx.user_port == be16(80):
            ctx.user_port = be16(8080)
        return CgroupVerdict.ALLOW
    """
    return lambda function: CgroupSockAddrProgram(function, hook)


def cgroup_sockopt(
    hook: SockoptHook,
) -> Callable[[Callable[[CgroupSockoptContext], CgroupVerdict]], CgroupSockoptProgram]:
    """Declare a program at getsockopt(2) or setsockopt(2) of a control group's processes."""
    return lambda function: CgroupSockoptProgram(function, hook)


def cgroup_sysctl(function: Callable[[CgroupSysctlContext], CgroupVerdict]) -> CgroupSysctlProgram:
    """Declare a program at settings that a control group's processes read or write."""
    return CgroupSysctlProgram(function, "sysctl")


def cgroup_device(function: Callable[[CgroupDeviceContext], CgroupVerdict]) -> CgroupDeviceProgram:
    """Declare a program at device files that a control group's processes open or make."""
    return CgroupDeviceProgram(function, "dev")
