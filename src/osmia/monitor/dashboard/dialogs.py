"""What the dashboard asks and explains on top of a page."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

__all__ = ["ConfirmScreen", "HelpScreen"]

HELP = """\
1-6, Tab     pages               Space  pause the picture
Up, Down     select a row        b      block the selected source
PgUp, PgDn   a page of rows      a      allow the selected source
s            sort by the next    u      take the selected rule away
r            reverse the order   /      filter, Esc ends it
[ and ]      a minute back, on   { }    an hour back, on
q            end                 ?      this help

Filters: port:443  src:10.0.0.0/8  dst:10.0.0.1  proto:udp
state:established  or any text; ! before a term turns it around.

A byte is a byte of the layer-2 frame. "In" is counted at XDP,
"Out" behind the network stack. In native mode "In" is what the
driver received; in generic mode it is counted after frames were
joined (GRO). Pausing stops the picture, not the counting."""


class ConfirmScreen(ModalScreen[bool]):
    """A question with yes and no; no is the default."""

    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > Vertical {
        width: 64; max-width: 95%; height: auto; border: round $warning; padding: 1 2;
    }
    ConfirmScreen Horizontal { height: auto; align: center middle; margin-top: 1; }
    ConfirmScreen Button { margin: 0 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes"),
        Binding("n,escape", "answer(False)", "no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        with Vertical():
            yield Static(self._question, markup=False)
            with Horizontal():
                yield Button("Yes (y)", variant="warning", id="yes")
                yield Button("No (n)", variant="primary", id="no")

    def on_mount(self) -> None:
        """Enter means no."""
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by mouse or Enter."""
        _ = self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        _ = self.dismiss(answer)


class HelpScreen(ModalScreen[None]):
    """The keys, and what the numbers are."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Static { width: 76; max-width: 95%; height: auto; border: round $primary; padding: 1 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static(HELP, markup=False)
