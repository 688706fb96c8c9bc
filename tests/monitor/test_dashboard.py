"""The dashboard by its keys, and its pictures."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

pytest.importorskip("textual", reason="the dashboard needs the extra osmia[monitor]")

from textual.pilot import Pilot
from textual.widgets import Input, Static
from textual.worker import Worker

from osmia.monitor.dashboard import MonitorApp
from osmia.monitor.dashboard.charts import bar_chart
from osmia.monitor.dashboard.columns import CONNECTIONS, SOURCES, fit_columns, select_rows
from osmia.monitor.dashboard.table import SnapshotTable
from osmia.monitor.generated import SCANNER, generated_traffic
from osmia.monitor.history import Recorder
from osmia.monitor.model import InterfaceMode, SourceOfPackets
from osmia.monitor.service import Service
from osmia.monitor.sessions import Engine, capture_session

GOLDENS = Path(__file__).with_name("goldens")
SIZES = {"80x24": (80, 24), "200x60": (200, 60)}
PAGES = {"1": "overview", "2": "sources", "3": "connections", "4": "alerts", "5": "rules", "6": "processes"}


@pytest.fixture
def service() -> Iterator[Service]:
    with capture_session(
        generated_traffic(6.0),
        "generated",
        SourceOfPackets.GENERATED,
        paced=False,
        notice="made up",
        engine=Engine.PYTHON,
    ) as service:
        service.run(1.0)
        yield service


@asynccontextmanager
async def shown(service: Service, size: str = "80x24") -> AsyncGenerator[tuple[MonitorApp, Pilot[int]], None]:
    app = MonitorApp(service)
    async with app.run_test(size=SIZES[size]) as pilot:
        await pilot.pause()
        yield app, pilot


def table(app: MonitorApp, name: str) -> SnapshotTable:
    return app.query_one(f"#{name}", SnapshotTable)


def screen_text(app: MonitorApp) -> str:
    """What stands on the screen, out of its picture."""
    svg = app.export_screenshot()
    return re.sub(r"&#160;| ", " ", " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)))


async def changed(app: MonitorApp) -> None:
    """Wait until a list was changed, in its thread."""
    for worker in list(app.workers):
        await cast("Worker[None]", worker).wait()


def check_golden(name: str, svg: str) -> None:
    """Compare with the picture that is kept; OSMIA_UPDATE_GOLDENS=1 keeps this one."""
    path = GOLDENS / f"{name}.svg"
    if os.environ.get("OSMIA_UPDATE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(svg)
    assert path.exists(), f"no picture {path.name}: make it with OSMIA_UPDATE_GOLDENS=1 and look at it"
    assert svg == path.read_text(), f"{path.name} looks different: compare, then OSMIA_UPDATE_GOLDENS=1"


@pytest.mark.parametrize("size", SIZES)
async def test_pictures_of_all_pages(service: Service, size: str) -> None:
    async with shown(service, size) as (app, pilot):
        for key, page in PAGES.items():
            await pilot.press(key)
            await pilot.pause()
            check_golden(f"{page}-{size}", app.export_screenshot())


async def test_picture_of_a_confirmation(service: Service) -> None:
    async with shown(service) as (app, pilot):
        await pilot.press("2", "down", "b")
        await pilot.pause()
        check_golden("confirm-80x24", app.export_screenshot())


async def test_blocking_the_selected_row_asks_first_and_then_drops(service: Service) -> None:
    async with shown(service) as (app, pilot):
        await pilot.press("2")
        selected = str(table(app, "sources").row.address)  # type: ignore[union-attr]
        await pilot.press("b")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert service.book.states() == ()
        await pilot.press("b")
        await pilot.pause()
        assert f"Block {selected}" in screen_text(app)
        await pilot.press("y")
        await changed(app)
        (rule,) = service.book.states()
        assert str(rule.network.network_address) == selected
        assert (rule.action.value, rule.origin) == ("block", "dashboard")
        assert rule.expires == pytest.approx(service.wall_clock() + 4 * 3600)
        service.step()
        app.take()
        await pilot.press("5", "u")
        await pilot.pause()
        await pilot.press("y")
        await changed(app)
        assert service.book.states() == ()


async def test_the_scanner_is_allowed_from_its_alert(service: Service) -> None:
    async with shown(service) as (app, pilot):
        await pilot.press("4")
        await pilot.pause()
        assert SCANNER in screen_text(app)
        assert "Ports" in str(app.query_one("#detail", Static).render())
        await pilot.press("a")
        await pilot.pause()
        await pilot.press("y")
        await changed(app)
        (rule,) = service.book.states()
        assert (rule.action.value, str(rule.network.network_address), rule.expires) == (
            "allow",
            SCANNER,
            None,
        )


async def test_a_filter_and_a_wrong_one(service: Service) -> None:
    async with shown(service) as (app, pilot):
        await pilot.press("3")
        everything = table(app, "connections").row_count
        await pilot.press("slash", *"proto:udp", "enter")
        udp = table(app, "connections").row_count
        assert 0 < udp < everything
        await pilot.press("slash", *" port:x", "enter")
        assert app.query_one("#filter", Input).has_class("open")
        assert table(app, "connections").row_count == udp
        await pilot.press("escape")
        assert table(app, "connections").row_count == everything


async def test_keys_typed_into_the_filter_are_text(service: Service) -> None:
    async with shown(service) as (app, pilot):
        await pilot.press("2", "slash", *"q 1sb?")
        assert app.query_one("#filter", Input).value == "q 1sb?"
        assert len(app.screen_stack) == 1


async def test_sorting_by_key_and_by_click(service: Service) -> None:
    async with shown(service) as (app, pilot):
        await pilot.press("2")
        sources = table(app, "sources")
        assert sources.order_text == "Rate ▼"
        await pilot.press("r")
        assert sources.order_text == "Rate ▲"
        await pilot.press("s")
        assert sources.order_text == "Pkts/s ▼"
        await pilot.click(sources, offset=(2, 0))
        assert sources.order_text == "Source ▲"
        await pilot.click(sources, offset=(2, 4))
        addresses = sorted((s.address.version, int(s.address)) for s in (service.latest or app).sources)  # type: ignore[union-attr]
        assert sources.row is not None
        assert int(sources.row.address) == addresses[3][1]


async def test_the_selected_row_stays_selected_when_rows_move(service: Service) -> None:
    async with shown(service) as (app, pilot):
        await pilot.press("2", "down", "down")
        sources = table(app, "sources")
        assert sources.row is not None
        selected = sources.row.address
        await pilot.press("s", "s", "s")
        assert sources.row is not None
        assert sources.row.address == selected


async def test_a_paused_picture_stands_still_while_counting_goes_on(service: Service) -> None:
    async with shown(service) as (app, pilot):
        before = service.latest
        await pilot.press("space")
        assert "PAUSED" in screen_text(app)
        newer = service.step()
        app.take()
        assert app.shown is before
        await pilot.press("space")
        assert app.shown is newer


async def test_only_the_newest_of_many_snapshots_is_drawn(service: Service) -> None:
    async with shown(service) as (app, pilot):
        newest = [service.step() for _ in range(5)][-1]
        app.take()
        await pilot.pause()
        assert app.shown is newest


async def test_help_and_quit(service: Service) -> None:
    async with shown(service) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Filters" in screen_text(app)
        await pilot.press("escape", "q")
    assert app.return_code == 0


async def test_an_end_of_the_collector_ends_the_picture(service: Service) -> None:
    async with shown(service) as (app, pilot):
        service.failure = RuntimeError("gone")
        app.take()
        await pilot.pause()
    assert not app.is_running


async def test_a_hundred_thousand_connections_are_sorted_and_drawn(service: Service) -> None:
    latest = service.latest
    assert latest is not None
    one = latest.connections[0]
    many = tuple(replace(one, remote_port=n & 0xFFFF, first_seen_ns=n) for n in range(100_000))
    service.publish(replace(latest, connections=many))
    async with shown(service) as (app, pilot):
        await pilot.press("3", "end")
        connections = table(app, "connections")
        assert connections.row_count == 100_000
        assert connections.scroll_offset.y > 99_000
        assert "Connections 100000" in screen_text(app)
        before = connections.row
        await pilot.press("pageup")
        assert connections.row is not before


async def test_no_alert_of_nothing_and_a_narrow_terminal(service: Service) -> None:
    assert service.latest is not None
    service.publish(replace(service.latest, sources=(), connections=(), alerts=()))
    app = MonitorApp(service)
    async with app.run_test(size=(40, 12)) as pilot:
        for key in PAGES:
            await pilot.press(key)
            await pilot.pause()
        await pilot.press("2", "b", "down", "end", "slash", *"x", "enter")
        assert table(app, "sources").row is None
        assert "nothing matches" in screen_text(app)


@pytest.mark.parametrize("width", range(20, 220, 7))
def test_columns_fit_their_terminal(width: int) -> None:
    fitted = fit_columns(CONNECTIONS.columns, width)
    total = sum(size + 1 for _, size in fitted) - 1
    least = sum(column.width + 1 for column in CONNECTIONS.columns if column.rank == 0) - 1
    assert total == max(width, least)


def test_rows_are_chosen_and_ordered(service: Service) -> None:
    assert service.latest is not None
    rows = select_rows(SOURCES, service.latest, None, 3, reverse=False)
    assert [row.received.bytes for row in rows] == sorted((row.received.bytes for row in rows), reverse=True)
    assert service.latest.interfaces[0].mode is InterfaceMode.SIMULATED


def test_bars() -> None:
    assert bar_chart([0, 1, 2, 4], 4, 1) == [" ▂▄█"]
    assert bar_chart([0, 1, 2, 4], 5, 2) == ["    █", "  ▄██"]
    assert bar_chart([], 3, 1) == ["   "]
    assert bar_chart([1, 2, 3], 2, 1) == ["▅█"]


async def test_it_goes_back_in_time(service: Service, tmp_path: Path) -> None:
    assert service.latest is not None
    path = tmp_path / "history.db"
    recorder = Recorder(path, service.notice)
    for minute in (0, 1):
        recorder.subscriber(replace(service.latest, taken=service.latest.taken + minute * 60), ())
        recorder.write()
    recorder.close()
    async with shown(service) as (app, pilot):
        assert app.shown is service.latest
        await pilot.press("left_square_bracket")
        await pilot.pause()
        assert app.shown is service.latest
        service.history = path
        service.publish(replace(service.latest, taken=service.latest.taken + 120))
        app.take()
        newest, titles = app.shown, list[str]()
        for key in ("left_square_bracket", "left_square_bracket", "left_square_bracket"):
            await pilot.press(key)
            await changed(app)
            await pilot.pause()
            titles.append(str(app.query_one("#title", Static).render()))
        assert all("HISTORY" in title for title in titles)
        assert titles[0] != titles[1] == titles[2]
        assert app.shown is not None
        assert len(app.shown.connections) == len(service.latest.connections)
        for _ in range(2):
            await pilot.press("right_square_bracket")
            await changed(app)
            await pilot.pause()
        assert app.shown is newest
