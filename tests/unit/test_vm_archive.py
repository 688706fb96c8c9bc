"""The archive and the pins of the virtual machines, without booting one."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.vm.cpio import Archive
from tests.vm.pins import PINS, Pin, PinError, read_pins, write_pins

SHA = "ab" * 32


@pytest.mark.requires_tool("cpio")
def test_archive_is_read_by_cpio(tmp_path: Path) -> None:
    archive = Archive()
    archive.file(PurePosixPath("/bin/tool"), b"#!x\n", executable=True)
    archive.file(PurePosixPath("/bin/tool"), b"second of the name")
    archive.file(PurePosixPath("/etc/odd"), b"abcde")
    archive.symlink(PurePosixPath("/lib"), "usr/lib")
    subprocess.run(["cpio", "-id", "--quiet"], input=archive.to_bytes(), cwd=tmp_path, check=True)
    assert (tmp_path / "bin/tool").read_bytes() == b"#!x\n"
    assert stat.S_IMODE((tmp_path / "bin/tool").stat().st_mode) & 0o111
    assert (tmp_path / "etc/odd").read_bytes() == b"abcde"
    assert (tmp_path / "lib").readlink() == Path("usr/lib")


def test_archive_is_padded_and_ends_with_its_trailer() -> None:
    data = Archive().to_bytes()
    assert len(data) % 512 == 0
    assert data.startswith(b"070701")
    assert b"TRAILER!!!" in data


def test_pins_survive_writing(tmp_path: Path) -> None:
    file = tmp_path / "kernels.toml"
    shutil.copy(PINS, file)
    pins = (*read_pins(file), Pin("99.1", "sid", "99.1.2-1", {"linux-image-99.1": SHA}))
    write_pins(pins, file)
    assert read_pins(file) == pins
    assert file.read_text().startswith("# ")


def test_pins_are_ordered_by_number_not_by_text() -> None:
    series = [pin.series for pin in read_pins()]
    assert series.index("5.10") < series.index("6.1") < series.index("6.12")


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ('suite = "sid"', 'suite = "sid; rm"', "suite"),
        ('series = "5.10"', "series = 5.10", "series"),
        ('series = "5.10"', "", "series"),
        ('version = "5.10.', 'version = "-o5.10.', "version"),
        ('"linux-image-5', '"../linux-image-5', "package"),
    ],
)
def test_malformed_pin_is_refused(tmp_path: Path, good: str, bad: str, named: str) -> None:
    text = PINS.read_text()
    assert good in text
    file = tmp_path / "kernels.toml"
    file.write_text(text.replace(good, bad, 1))
    with pytest.raises(PinError, match=named):
        read_pins(file)
