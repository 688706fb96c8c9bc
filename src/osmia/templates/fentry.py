"""Count bytes that processes send over TCP: the arguments of a kernel function, with their types."""

import time

import osmia
from osmia import Comm, FentryContext, HashMap, KernelStruct, fentry, u64


class Sock(KernelStruct, name="sock"):
    """A socket; `osmia generate struct sock FIELD` writes its fields."""


class MessageHeader(KernelStruct, name="msghdr"):
    """What is to be sent."""


sent = HashMap(Comm, u64, max_entries=10240)


@fentry("tcp_sendmsg")
def sends(ctx: FentryContext, sock: Sock, message: MessageHeader, size: u64) -> int:
    """Runs where the function begins; its parameters stand behind the context."""
    sent[ctx.comm] += size
    return 0


def main() -> None:
    """Attach, and show the bytes each second. Linux 5.5, with BTF and the function tracer."""
    with osmia.load(sends) as bpf:
        bpf[sends].attach()
        while True:
            time.sleep(1)
            for comm, size in bpf[sent].items():
                print(f"{comm!s:16} {size} bytes")


if __name__ == "__main__":
    main()
