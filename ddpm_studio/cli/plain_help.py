"""Help text in plain lines, in sections by subject, wrapped at words at any width."""

from __future__ import annotations

import textwrap
from typing import Any

from typer.core import TyperCommand

_INDENT = _GAP = "  "
_MAX_OPTION_WIDTH = 32


class PlainCommand(TyperCommand):
    """A command with plain help, as the frames of rich break choices in mid-word."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the help of arguments, the command's own options, and each request's options."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            signature, help_text = record
            if param.param_type_name == "argument":
                title, signature = "Arguments", signature.partition(" <")[0]
            else:
                title = getattr(param, "rich_help_panel", None) or "Options"
            sections.setdefault(title, []).append((signature, help_text))
        for title, rows in sections.items():
            if not rows:
                continue
            with formatter.section(title):
                formatter.write(_table(rows, formatter.width))


def _table(rows: list[tuple[str, str]], width: int) -> str:
    """Format options and their help in two columns; the parser's own table breaks at hyphens."""
    inner = width - len(_INDENT)
    column = min(_MAX_OPTION_WIDTH, max(len(signature) for signature, _ in rows) + len(_GAP))
    lines = []
    for signature, help_text in rows:
        wrapped = textwrap.wrap(
            help_text, inner - column, break_on_hyphens=False, break_long_words=False
        )
        if wrapped and len(signature) + len(_GAP) <= column:
            lines.append(f"{signature:<{column}}{wrapped.pop(0)}")
        else:
            lines.append(signature)
        lines.extend(" " * column + line for line in wrapped)
    return "".join(f"{_INDENT}{line}\n" for line in lines)
