"""Flags over environment over file; everything that is wrong is told, with what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from osmia.errors import MalformedError
from osmia.monitor.configuration import Configuration, default_configuration, load_configuration, settings
from osmia.monitor.configuration.load import configuration_path
from osmia.monitor.configuration.settings import SETTINGS

NOWHERE: dict[str, str] = {"HOME": "/nonexistent"}

FULL = """
interfaces = ["eth0", "wlan0"]
mode = "generic"
interval = 0.5
[detection]
targets = 20
silence = "1m30s"
[blocking]
automatic = true
lifetime = "2h"
[lists]
block = ["/etc/drop.txt"]
[metrics]
listen = "[::1]:9464"
"""


def load(path: Path, text: str, environment: dict[str, str] | None = None) -> Configuration:
    path.write_text(text)
    return load_configuration(path, environment=environment or NOWHERE)


def faults(path: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(MalformedError) as raised:
        load(path, text, environment)
    return raised.value.reason.splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.toml"


def test_a_file_sets_what_it_names_and_defaults_the_rest(path: Path) -> None:
    configuration = load(path, FULL)
    assert configuration[settings.INTERFACES] == ("eth0", "wlan0")
    assert configuration[settings.INTERVAL] == 0.5
    assert (configuration[settings.TARGETS], configuration[settings.ODD]) == (20, 5)
    assert configuration[settings.SILENCE] == 90.0
    assert configuration[settings.AUTOMATIC]
    assert configuration[settings.METRICS] == "[::1]:9464"
    assert configuration[settings.MAXIMUM_ENTRIES] == default_configuration()[settings.MAXIMUM_ENTRIES]


def test_flags_win_over_the_environment_and_it_over_the_file(path: Path) -> None:
    path.write_text(FULL)
    environment = {
        **NOWHERE,
        "OSMIA_INTERVAL": "2",
        "OSMIA_DETECTION_TARGETS": "30",
        "OSMIA_INTERFACES": "lo, eth1",
        "OSMIA_BLOCKING_AUTOMATIC": "false",
    }
    configuration = load_configuration(path, {settings.INTERVAL: 4.0, settings.MODE: None}, environment)
    assert configuration[settings.INTERVAL] == 4.0
    assert configuration[settings.MODE] == "generic"
    assert configuration[settings.TARGETS] == 30
    assert configuration[settings.INTERFACES] == ("lo", "eth1")
    assert not configuration[settings.AUTOMATIC]
    shown = configuration.text()
    assert "interval = 4  # command line" in shown
    assert "targets = 30  # OSMIA_DETECTION_TARGETS" in shown
    assert 'mode = "generic"  # file' in shown
    assert "odd = 5  # default" in shown


def test_what_is_shown_gives_the_same_configuration(path: Path) -> None:
    first = load(path, FULL)
    again = load(path, first.text())
    assert again.values == first.values
    assert {setting.key for setting in SETTINGS} == set(again.origins)


def test_unknown_keys_are_errors_with_the_nearest_name(path: Path) -> None:
    found = faults(path, "intervall = 1\n[detection]\ntarget = 5\n[nonsense]\nzzz = 1\n")
    assert len(found) == 3
    assert "'intervall'; did you mean 'interval'?" in found[0]
    assert "'detection.target'; did you mean 'detection.targets'?" in found[1]
    assert found[2].endswith("unknown key 'nonsense.zzz'")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('interval = "1"', "interval is '1', and a number from 0.05 to 3600 is wanted"),
        ("interval = 0.0", "a number from 0.05"),
        ("interval = true", "a number from 0.05"),
        ("interval = nan", "a number from 0.05"),
        ("mode = 'fast'", "one of auto, native, generic"),
        ("interfaces = 'eth0'", "a list of"),
        ("interfaces = [1]", "a list of"),
        ("[detection]\ntargets = 1", "a whole number from 2 to 1000"),
        ("[detection]\ntargets = 2.5", "a whole number from 2 to 1000"),
        ("[detection]\nsilence = '2h'", "of at most 1h"),
        ("[detection]\nsilence = 60", "a duration such as"),
        ("[blocking]\nautomatic = 'yes'", "true or false"),
        ("[metrics]\nlisten = '0.0.0.0:9464'", "an address of this machine alone"),
        ("[metrics]\nlisten = '127.0.0.1:http'", "an address of this machine alone"),
        ("[metrics]\nlisten = '127.0.0.1:99999'", "an address of this machine alone"),
        ("detection = 5", "unknown key 'detection'"),
        ("interval = ", "Invalid value"),
        ('[events]\noutput = "a\\u001b[2J"', "a text is wanted"),
    ],
)
def test_values_of_another_kind_are_refused(path: Path, text: str, says: str) -> None:
    (fault,) = faults(path, text)
    assert says in fault
    assert str(path) in fault


def test_the_environment_is_checked_too(path: Path) -> None:
    environment = {**NOWHERE, "OSMIA_INTERVAL": "soon", "OSMIA_BLOCKING_AUTOMATIC": "maybe"}
    found = faults(path, "mode = 'fast'", environment)
    assert len(found) == 3
    assert "environment: OSMIA_INTERVAL is 'soon'" in found[1]


def test_a_file_that_is_too_large_or_no_text(path: Path) -> None:
    assert "more than" in faults(path, "#" * 1_100_000)[0]
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(MalformedError):
        load_configuration(path, environment=NOWHERE)


def test_the_file_is_found_where_the_user_has_one(tmp_path: Path) -> None:
    own = tmp_path / "osmia/monitor.toml"
    own.parent.mkdir()
    own.write_text("")
    assert configuration_path(None, {"XDG_CONFIG_HOME": str(tmp_path)}) == own
    assert configuration_path(None, {"OSMIA_CONFIG": "/x", "XDG_CONFIG_HOME": str(tmp_path)}) == Path("/x")
    assert configuration_path(Path("/y"), {"OSMIA_CONFIG": "/x"}) == Path("/y")
    with pytest.raises(FileNotFoundError):
        load_configuration(Path("/nonexistent/monitor.toml"), environment=NOWHERE)


def test_what_needs_a_restart_is_known(path: Path) -> None:
    before = load(path, "")
    after = load(path, "interval = 2\n[detection]\ntargets = 99\nwindow = '30s'\n")
    assert before.changes_that_need_a_restart(after) == ("interval", "detection.window")
    assert before.changes_that_need_a_restart(before) == ()
