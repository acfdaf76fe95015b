"""Lazy group: commands are loaded when they are called, not before."""

from __future__ import annotations

import gc
import importlib
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from ddpm_studio.cli.plain_help import PlainCommand
from ddpm_studio.cli.stopping import Unread
from ddpm_studio.cli.table import COMMANDS, DEFAULT

# Longer lines are hard to read.
_WIDEST = 100

# -h as everywhere else.
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": _WIDEST}


def load_command(name: str) -> TyperCommand:
    """Import a command's module and build the command from its function ``command``."""
    entry = COMMANDS[name]
    module = importlib.import_module(f"ddpm_studio.cli.commands.{entry.module}")
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=CONTEXT)
    app.command(name, cls=StudioCommand)(module.command)
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)
    return command


class StudioCommand(PlainCommand):
    """A command that begins to collect garbage when its own work begins."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what is imported by now is never looked at for garbage."""
        # The window collects by itself, in its own thread.
        if not gc.isenabled() and self.name != DEFAULT:
            gc.freeze()
            gc.enable()
        return super().invoke(ctx)


class LazyCommand(TyperCommand):
    """A name and a line of help that becomes the command itself when it is called."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Hand over to the real command."""
        assert self.name is not None
        return load_command(self.name).make_context(info_name, args, parent=parent, **extra)


class LazyGroup(TyperGroup):
    """All commands of the table."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.subcommand_metavar = "[COMMAND ...|PATH...]"
        for name, entry in COMMANDS.items():
            self.add_command(LazyCommand(name, help=entry.help, short_help=entry.help))

    # At a broken pipe the parser would end the process itself, as if something had failed.

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Read the command line, and tell the help if it asks for that.

        Raises:
            Unread: there is nobody left to read it.
        """
        try:
            return super().make_context(info_name, args, parent=parent, **extra)
        except BrokenPipeError as error:
            raise Unread from error

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            Unread: there is nobody left to read what the command says.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise Unread from error
