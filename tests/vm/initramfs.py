"""What a virtual machine boots with: this Python, pytest, our source and tests, and a few kernel modules.

Three archives: the interpreter and a kernel's modules, cached by a hash of what they are made from, and the
project.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import lzma
import marshal
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.vm.cpio import Archive
from tests.vm.fetch import KernelFiles, cache_directory

ROOT = Path(__file__).resolve().parents[2]
PROJECT = PurePosixPath("/osmia")
PACKAGES = PROJECT / "packages"
OBJECTS = PROJECT / "objects"

DISTRIBUTIONS = ("pytest", "pytest-asyncio", "pytest-timeout", "pyroute2")
"""What the tests import in the guest, and all that these require; none has compiled parts."""

COMMANDS = ("ip",)
"""Programs of the host that the tests in the guest may start."""

MODULES = ("veth", "dummy", "sch_ingress", "cls_bpf")
"""Kernel modules that are loaded before the tests, where the kernel has not built them in."""

_LEFT_OUT = {
    "__pycache__", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test",
    "tests", "tkinter", "turtledemo", "venv",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One file for an archive: `path` is where it stands in the guest."""

    path: PurePosixPath
    origin: Path


def build_initramfs(kernel: KernelFiles, objects: Path, plan: str) -> bytes:
    """The initial file system. `objects` is a folder of ELF objects, `plan` what the guest reads (JSON)."""
    interpreter_files = _interpreter_files()
    parts = (
        _cached("python", interpreter_files, lambda: _interpreter_archive(interpreter_files)),
        _cached("modules", _module_files(kernel), lambda: _modules_archive(kernel)),
        _project_archive(objects, plan),
    )
    return b"".join(parts)


def _cached(kind: str, sources: Iterable[Source], build: Callable[[], bytes]) -> bytes:
    """An archive from the cache; the names, sizes and times of its sources and this code make up its key."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for source in sources:
        status = source.origin.stat()
        digest.update(f"{source.path} {source.origin} {status.st_size} {status.st_mtime_ns}\n".encode())
    folder = cache_directory() / "initramfs"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kind}-{digest.hexdigest()[:24]}.cpio"
    if not file.exists():
        part = file.with_suffix(".part")
        part.write_bytes(build())
        part.rename(file)
    return file.read_bytes()


# The interpreter, its libraries, pytest and the commands.


def interpreter() -> Path:
    """The real file of the running interpreter; the guest has it under the same name."""
    return Path(sys.executable).resolve()


def _interpreter_files() -> list[Source]:
    python = interpreter()
    libraries = [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
    files = [Source(PurePosixPath(python), python)]
    for library in dict.fromkeys(libraries):
        files += [Source(PurePosixPath(file), file) for file in _walk(library)]
    files += _distribution_files()
    for name in COMMANDS:
        found = shutil.which(name)
        if found is None:
            raise FileNotFoundError(f"the tests in the guest need {name!r}: apt-get install iproute2")
        files.append(Source(PurePosixPath("/bin") / name, Path(found).resolve()))
    return files + _shared_libraries([file.origin for file in files])


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name in _LEFT_OUT or entry.name.startswith("config-"):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.suffix != ".a":
            yield entry


def _distribution_files() -> list[Source]:
    wanted, seen, files = list[str](DISTRIBUTIONS), set[str](), list[Source]()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or ():
            origin = Path(str(file.locate()))
            if ".." not in file.parts and "__pycache__" not in file.parts and origin.is_file():
                files.append(Source(PACKAGES / PurePosixPath(file), origin))
        for requirement in distribution.requires or ():
            match = re.match(r"[A-Za-z0-9._-]+", requirement)
            if match is not None and "extra ==" not in requirement and _is_installed(match.group()):
                wanted.append(match.group())
    return files


def _is_installed(name: str) -> bool:
    """Whether a distribution is there; what an environment marker excludes is not."""
    return next(iter(importlib.metadata.distributions(name=name)), None) is not None


def _shared_libraries(files: list[Path]) -> list[Source]:
    """The libraries that ELF files need, under the names by which the dynamic linker finds them."""
    binaries = [str(file) for file in files if _is_elf(file)]
    listed = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    names = set(re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", listed, re.MULTILINE))
    libgcc = next((name for name in _library_cache() if name.endswith("/libgcc_s.so.1")), None)
    if libgcc is not None:  # glibc opens it by itself when a thread ends
        names.add(libgcc)
    return [Source(PurePosixPath(name), Path(name).resolve()) for name in sorted(names)]


def _library_cache() -> list[str]:
    ldconfig = shutil.which("ldconfig") or "/sbin/ldconfig"
    listed = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"=> (\S+)$", listed, re.MULTILINE)


def _is_elf(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(4) == b"\x7fELF"


def _interpreter_archive(files: list[Source]) -> bytes:
    archive = Archive()
    archive.folder(PurePosixPath("/dev"))
    archive.character_device(PurePosixPath("/dev/console"), 5, 1)
    for file in files:
        data = file.origin.read_bytes()
        archive.file(file.path, data, executable=data.startswith((b"\x7fELF", b"#!")))
        if file.path.suffix == ".py":
            _add_bytecode(archive, file.path, data)
    return archive.to_bytes()


def _add_bytecode(archive: Archive, path: PurePosixPath, source: bytes) -> None:
    """Bytecode that is taken without a look at the source's time (PEP 552): compiling there is slow."""
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):  # a template, or a test file of wrong programs
        return
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
    cached = importlib.util.cache_from_source(str(path))
    archive.file(PurePosixPath(cached), header + marshal.dumps(code))


# Kernel modules.


def _module_files(kernel: KernelFiles) -> list[Source]:
    """The wanted modules and those they need, in the order in which they are to be loaded."""
    by_name = {_module_name(file): file for file in sorted((kernel.modules / "kernel").rglob("*.ko*"))}
    ordered: dict[str, Source] = {}

    def add(name: str) -> None:
        file = by_name.get(name)
        if (
            name in ordered or file is None
        ):  # no file: built in, or left out, which the test that needs it will say
            return
        for needed in _module_needs(_module_bytes(file)):
            add(needed)
        ordered[name] = Source(PurePosixPath("/modules") / f"{len(ordered):02}-{name}.ko", file)

    for name in MODULES:
        add(name)
    return list(ordered.values())


def _module_name(file: Path) -> str:
    return file.name.split(".ko")[0].replace("-", "_")


def _module_bytes(file: Path) -> bytes:
    data = file.read_bytes()
    match file.suffix:
        case ".ko":
            return data
        case ".xz":
            return lzma.decompress(data)
        case ".zst":
            return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout
        case _:
            raise ValueError(f"{file}: a module compressed in a way not known here")


def _module_needs(module: bytes) -> list[str]:
    """The modules named by `depends=` in the section .modinfo."""
    match = re.search(rb"\0depends=([^\0]*)\0", module)
    return [name.replace("-", "_") for name in match.group(1).decode().split(",") if name] if match else []


def _modules_archive(kernel: KernelFiles) -> bytes:
    archive = Archive()
    for file in _module_files(kernel):
        archive.file(file.path, _module_bytes(file.origin))
    return archive.to_bytes()


# The project.


def _project_archive(objects: Path, plan: str) -> bytes:
    archive = Archive()
    for name in ("src", "tests", "examples", "benchmarks"):
        for file in sorted((ROOT / name).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                path = PROJECT / PurePosixPath(file.relative_to(ROOT))
                data = file.read_bytes()
                archive.file(path, data)
                if path.suffix == ".py" and "tests" not in path.parts:
                    _add_bytecode(archive, path, data)
    archive.file(PROJECT / "pyproject.toml", (ROOT / "pyproject.toml").read_bytes())
    archive.folder(OBJECTS)
    for file in sorted(objects.glob("*.o")):
        archive.file(OBJECTS / file.name, file.read_bytes())
    archive.file(PROJECT / "plan.json", plan.encode())
    guest = PROJECT / "tests" / "vm" / "guest.py"
    # The kernel cuts a script's first line at 255 bytes and starts it without an environment.
    start = f"#!{interpreter()} -B\nimport runpy\nrunpy.run_path({str(guest)!r}, run_name='__main__')\n"
    archive.file(PurePosixPath("/init"), start.encode(), executable=True)
    return archive.to_bytes()
