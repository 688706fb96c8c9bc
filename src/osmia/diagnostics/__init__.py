"""Where something stands in a source file, what is wrong with it, and the one renderer of both."""

from osmia.diagnostics.diagnostic import Diagnostic
from osmia.diagnostics.render import render
from osmia.diagnostics.span import SourceMap, Span

__all__ = ["Diagnostic", "SourceMap", "Span", "render"]
