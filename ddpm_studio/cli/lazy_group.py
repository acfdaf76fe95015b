"""Lazy command group: a command's module is imported only when it is called."""

from __future__ import annotations

import gc
import importlib
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from ddpm_studio.cli.plain_help import PlainCommand
from ddpm_studio.cli.signals import OutputClosed
from ddpm_studio.cli.table import COMMANDS, DEFAULT

# Longer lines are hard to read.
_MAX_HELP_WIDTH = 100

# -h too, as is usual.
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": _MAX_HELP_WIDTH}


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
    """A command that enables garbage collection when its own work begins."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; objects imported so far are frozen, i.e. never scanned for garbage."""
        # The window runs the garbage collector itself, in its own thread.
        if not gc.isenabled() and self.name != DEFAULT:
            gc.freeze()
            gc.enable()
        return super().invoke(ctx)


class LazyCommand(TyperCommand):
    """Placeholder with a name and a line of help, which loads the command when it is called."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Load the command and make its context."""
        assert self.name is not None
        return load_command(self.name).make_context(info_name, args, parent=parent, **extra)


class LazyGroup(TyperGroup):
    """Command group with all commands of :data:`.table.COMMANDS`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.subcommand_metavar = "[COMMAND ...|PATH...]"
        for name, entry in COMMANDS.items():
            self.add_command(LazyCommand(name, help=entry.help, short_help=entry.help))

    # On a broken pipe the parser would exit by itself, with the code of a failure.

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Parse the command line, and print the help if it asks for that.

        Raises:
            OutputClosed: on a broken pipe.
        """
        try:
            return super().make_context(info_name, args, parent=parent, **extra)
        except BrokenPipeError as error:
            raise OutputClosed from error

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            OutputClosed: on a broken pipe.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosed from error
