"""The exercise's test: plain Python, no root."""

import osmia
import pytest
from osmia import XdpAction
from short_frames import short_frames


@pytest.mark.parametrize(
    ("size", "action"),
    [(14, XdpAction.DROP), (59, XdpAction.DROP), (60, XdpAction.PASS), (1500, XdpAction.PASS)],
)
def test_short_frames_are_dropped(size: int, action: XdpAction) -> None:
    with osmia.simulate(short_frames) as bpf:
        assert bpf[short_frames].run(bytes(size)).action == action
