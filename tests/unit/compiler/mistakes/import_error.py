"""A name that osmia does not have."""

from osmia import XdpActions, xdp
