"""Take the README's picture of the dashboard from the running demo: `python tools/picture.py FILE.svg`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from osmia.monitor.dashboard.app import MonitorApp
from osmia.monitor.demo.hosts import demo_hosts
from osmia.monitor.model import SourceOfPackets
from osmia.monitor.sessions import live_session

SECONDS = 24.0
"""Long enough for sparklines and a scan."""
SIZE = (104, 28)


async def take() -> str:
    """Run the demo without a terminal; what the dashboard shows, as SVG."""
    with demo_hosts() as hosts, live_session([hosts.interface], packets_from=SourceOfPackets.DEMO) as service:
        hosts.begin()
        service.start(1.0)
        app = MonitorApp(service)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(SECONDS)
            return app.export_screenshot(title="osmia monitor demo")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(asyncio.run(take()))
