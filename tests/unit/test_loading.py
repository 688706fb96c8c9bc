"""Loading and attaching with a kernel that refuses: what is tried again, what is said, what stays open."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from osmia.btf import Btf, types
from osmia.errors import (
    AlreadyAttachedError,
    KernelError,
    NotSupportedError,
    PermissionDeniedError,
    UnknownInterfaceError,
    UsageError,
    VerifierError,
)
from osmia.loader import (
    FunctionSpec,
    LoadedObject,
    MapReference,
    MapSpec,
    ObjectSpec,
    ProgramSpec,
    VariableSpec,
    load_object,
)
from osmia.loader.btf_loading import load_btf, sanitised
from osmia.loader.features import Answer, Features
from osmia.loader.instructions import Instruction
from osmia.sys import Capability, ProgramImage, XdpState
from osmia.uapi import AttachType, MapType, ProgramType, XdpAttached, XdpFlags
from tests.builders.fake_kernel import FakeKernel, FakeMap

EXIT = Instruction(0x95, 0, 0, 0, 0).pack()
LOAD = Instruction(0x18, 1, 0, 0, 0).pack() + bytes(8)
SPEC = ObjectSpec(
    programs={
        "entry": ProgramSpec(
            "entry", ProgramType.XDP, "xdp", FunctionSpec("entry", LOAD + EXIT, (MapReference(0, "table"),))
        )
    },
    maps={
        "table": MapSpec("table", MapType.HASH, 4, 8, 16),
        ".rodata": MapSpec(
            ".rodata",
            MapType.ARRAY,
            4,
            8,
            1,
            contents=bytes(8),
            variables=(VariableSpec("limit", 4, 4),),
            frozen=True,
        ),
    },
    license="GPL",
    btf=Btf((types.Int("int", 4, 32, 1),), b"\0"),
)


@pytest.fixture
def kernel() -> Iterator[FakeKernel]:
    kernel = FakeKernel()
    yield kernel
    assert not kernel.open, "a descriptor was left open"


def test_maps_are_filled_and_frozen_before_programs_are_loaded(kernel: FakeKernel) -> None:
    with load_object(SPEC, variables={"limit": b"\7\0\0\0"}, kernel=kernel) as loaded:
        rodata = kernel.map_of(loaded.maps[".rodata"].fileno())
        assert rodata.entries == {bytes(4): b"\0\0\0\0\7\0\0\0"}
        assert rodata.frozen
        image = kernel.open[loaded.programs["entry"].fd]
        assert isinstance(image, ProgramImage)
        assert image.instructions[4] == loaded.maps["table"].fileno() & 0xFF
        assert kernel.calls.index("map_freeze") < kernel.calls.index("program_load")
    assert loaded.programs["entry"].spec is SPEC.programs["entry"]


@pytest.mark.parametrize("call", ["map_create", "map_update", "map_freeze", "program_load"])
def test_failure_leaves_nothing_open(kernel: FakeKernel, call: str) -> None:
    kernel.refuse = {call: [errno.ENOMEM] * 3}
    with pytest.raises(KernelError) as caught:
        load_object(SPEC, variables={"limit": b"\7\0\0\0"}, kernel=kernel)
    assert caught.value.errno == errno.ENOMEM


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        (set[Capability](), ("CAP_BPF", "CAP_NET_ADMIN")),
        ({Capability.CAP_BPF}, ("CAP_NET_ADMIN",)),
        ({Capability.CAP_NET_ADMIN, Capability.CAP_PERFMON}, ("CAP_BPF",)),
    ],
)
def test_missing_capability_is_named_before_any_call(
    kernel: FakeKernel, held: set[Capability], missing: tuple[str, ...]
) -> None:
    kernel.held = frozenset(held)
    with pytest.raises(PermissionDeniedError) as caught:
        load_object(SPEC, kernel=kernel)
    assert caught.value.missing == missing
    assert missing[0] in str(caught.value)
    assert not kernel.calls


@pytest.mark.parametrize("held", [{Capability.CAP_SYS_ADMIN}, {Capability.CAP_BPF, Capability.CAP_NET_ADMIN}])
def test_enough_capabilities(kernel: FakeKernel, held: set[Capability]) -> None:
    kernel.held = frozenset(held)
    load_object(SPEC, kernel=kernel).close()


def test_refusal_in_spite_of_capabilities(kernel: FakeKernel) -> None:
    kernel.refuse = {"map_create": [errno.EPERM] * 4}
    with pytest.raises(PermissionDeniedError, match="something outside refuses") as caught:
        load_object(SPEC, kernel=kernel)
    assert caught.value.missing == ()
    assert "raise_memory_lock_limit" not in kernel.calls


def test_memory_limit_is_lifted_only_where_it_counts(kernel: FakeKernel) -> None:
    # The second refusal is that of the probe for the memory cgroup's accounting.
    kernel.refuse = {"map_create": [errno.EPERM, None], "program_load": [errno.EINVAL, None]}
    load_object(SPEC, kernel=kernel).close()
    assert kernel.calls.count("raise_memory_lock_limit") == 1


def test_refused_program_is_loaded_again_for_its_log(kernel: FakeKernel) -> None:
    kernel.log = "0: (18) r1 = 0x0\n2: (95) exit\nR0 !read_ok\nprocessed 2 insns\n"
    kernel.refuse = {"program_load": [errno.EACCES, errno.EACCES]}
    with pytest.raises(VerifierError) as caught:
        load_object(SPEC, kernel=kernel)
    assert caught.value.program == "entry"
    assert caught.value.log == kernel.log
    assert kernel.calls.count("program_load") == 2


def test_log_buffer_grows(kernel: FakeKernel) -> None:
    kernel.log = "infinite loop detected at insn 0\n"
    kernel.refuse = {"program_load": [errno.EINVAL, errno.ENOSPC, errno.ENOSPC, errno.EINVAL]}
    with pytest.raises(VerifierError, match="a loop ends"):
        load_object(SPEC, kernel=kernel)
    assert kernel.calls.count("program_load") == 4


def test_program_without_a_log_is_no_verifier_error(kernel: FakeKernel) -> None:
    kernel.refuse = {"program_load": [errno.E2BIG, errno.E2BIG]}
    with pytest.raises(KernelError) as caught:
        load_object(SPEC, kernel=kernel)
    assert caught.value.errno == errno.E2BIG
    assert not isinstance(caught.value, VerifierError)


def test_map_is_made_without_types_where_its_kind_takes_none(kernel: FakeKernel) -> None:
    spec = ObjectSpec({}, {"m": MapSpec("m", MapType.LPM_TRIE, 8, 8, 4, value_type_id=1)}, btf=SPEC.btf)
    kernel.refuse = {"map_create": [524, None]}
    with load_object(spec, kernel=kernel) as loaded:
        made = kernel.open[loaded.maps["m"].fileno()]
        assert isinstance(made, FakeMap)
        assert not made.typed
    assert kernel.calls.count("map_create") == 2


NEW_KINDS = (
    types.Int("int", 4, 32, 1),
    types.Float("double", 8),
    types.DeclarationTag("tag", 1, -1),
    types.TypeTag("user", 1),
    types.Enum("wide", 8, True, (types.Enumerator("A", -1),), wide=True),
    types.Enum("small", 4, True, (types.Enumerator("B", -1),)),
)


def test_old_kernel_gets_kinds_that_it_knows(kernel: FakeKernel) -> None:
    kernel.refuse = {"btf_load": [errno.EINVAL] * 5}
    assert sanitised(kernel, Btf(NEW_KINDS, b"\0")).types == (
        types.Int("int", 4, 32, 1),
        types.Struct("double", 8, ()),
        types.Int("declaration_tag", 1, 8),
        types.Qualifier("const", 1),
        types.Enum("wide", 8, False, (types.Enumerator("A", -1),)),
        types.Enum("small", 4, False, (types.Enumerator("B", -1),)),
    )


def test_new_kernel_keeps_all_kinds(kernel: FakeKernel) -> None:
    btf = Btf(NEW_KINDS, b"\0")
    assert sanitised(kernel, btf) == btf


def test_refused_btf_is_noted_and_the_programs_load(kernel: FakeKernel) -> None:
    kernel.refuse = {"btf_load": [errno.EINVAL, errno.EINVAL]}
    with load_object(SPEC, kernel=kernel) as loaded:
        assert len(loaded.notes) == 1
        assert "source lines are lost" in loaded.notes[0]
    kernel.refuse = {"btf_load": [errno.ENOMEM]}
    with pytest.raises(KernelError):
        load_btf(kernel, Btf((), b"\0"), b"")


@pytest.fixture
def loaded(kernel: FakeKernel) -> Iterator[LoadedObject]:
    with load_object(SPEC, kernel=kernel) as loaded:
        yield loaded


def test_kernel_chooses_the_mode_and_generic_is_tried_next(kernel: FakeKernel, loaded: LoadedObject) -> None:
    kernel.refuse = {"link_create": [errno.EOPNOTSUPP, None]}
    program = loaded.programs["entry"]
    with program.attach_xdp("eth0") as link:
        assert kernel.open[link.fd] == ("link", program.fd, 2, AttachType.XDP, XdpFlags.SKB_MODE)
        kernel.xdp[2] = XdpState(XdpAttached.SKB, generic=program.id)
        assert link.mode is not None
        assert link.mode.value == "generic"
        kernel.xdp[2] = XdpState()
        assert link.mode is None


def test_chosen_mode_is_not_changed(kernel: FakeKernel, loaded: LoadedObject) -> None:
    kernel.refuse = {"link_create": [errno.EOPNOTSUPP, None]}
    with pytest.raises(NotSupportedError, match=r"native XDP on eth0.*SKB_MODE"):
        loaded.programs["entry"].attach_xdp("eth0", XdpFlags.DRV_MODE)
    assert kernel.calls.count("link_create") == 1


def test_taken_hook_names_the_holder(kernel: FakeKernel, loaded: LoadedObject) -> None:
    kernel.xdp[2] = XdpState(XdpAttached.DRV, native=77)
    kernel.refuse = {"link_create": [errno.EBUSY]}
    with pytest.raises(AlreadyAttachedError) as caught:
        loaded.programs["entry"].attach_xdp("eth0")
    assert caught.value == AlreadyAttachedError("XDP on eth0", "holder", 77)
    kernel.refuse = {"link_create": [errno.EBUSY], "fd_by_id": [errno.EPERM]}
    with pytest.raises(AlreadyAttachedError) as caught:
        loaded.programs["entry"].attach_xdp("eth0")
    assert caught.value.program_name == ""


def test_unknown_interface_and_missing_tcx(kernel: FakeKernel, loaded: LoadedObject) -> None:
    with pytest.raises(UnknownInterfaceError) as caught:
        loaded.programs["entry"].attach_xdp("eth1")
    assert caught.value.known == ("lo", "eth0")
    kernel.refuse = {"link_create": [errno.EINVAL], "program_query": [errno.EINVAL]}
    with pytest.raises(NotSupportedError, match=r"tcx is not supported here: it needs Linux 6\.6"):
        loaded.programs["entry"].attach_tcx("eth0", AttachType.TCX_EGRESS)


def test_detach_is_done_once(kernel: FakeKernel, loaded: LoadedObject) -> None:
    link = loaded.programs["entry"].attach_tcx("eth0", AttachType.TCX_INGRESS)
    kernel.refuse = {"link_detach": [errno.ENOLINK]}
    link.detach()
    link.detach()
    assert not link.attached
    assert kernel.calls.count("link_detach") == 1


def test_packets_that_cannot_be_run_are_refused(loaded: LoadedObject) -> None:
    with pytest.raises(UsageError, match="13 bytes"):
        loaded.programs["entry"].run(bytes(13))
    with pytest.raises(UsageError, match="repeat is 0"):
        loaded.programs["entry"].run(bytes(14), repeat=0)


def test_probe_is_remembered_only_where_it_was_conclusive(kernel: FakeKernel) -> None:
    features = Features(kernel)
    kernel.refuse = {"map_create": [errno.EPERM, errno.EINVAL]}
    assert features.feature("ring buffer").answer is Answer.UNKNOWN
    found = features.feature("ring buffer")
    assert (found.answer, found.reason) == (Answer.NO, "needs Linux 5.8")
    assert features.feature("ring buffer").answer is Answer.NO
    assert kernel.calls.count("map_create") == 2
    kernel.refuse = {"program_query": [errno.EPERM]}
    assert features.feature("tcx").answer is Answer.UNKNOWN
    assert features.feature("tcx").answer is Answer.YES
