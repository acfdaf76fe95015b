"""Entry point of the command line: parses arguments, returns exit codes, one line per error."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from ddpm_studio import __version__
from ddpm_studio.cli.lazy_group import CONTEXT, LazyGroup
from ddpm_studio.cli.output import escape_unencodable, redirect_stdout_to_null
from ddpm_studio.cli.ranks import dismiss_other_ranks, run_as_other_rank
from ddpm_studio.cli.signals import OutputClosed, StoppedBySignal
from ddpm_studio.cli.table import COMMANDS, DEFAULT
from ddpm_studio.data.decoding.worker_flag import WORKER_FLAG
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.rank_flag import RANK_FLAG
from ddpm_studio.validation import reword_message

OK, FAILED, USAGE, STOPPED, UNREAD = 0, 1, 2, 130, 141

_DEBUG, _NO_PLUGINS = "--debug", "--no-plugins"
_OWN_OPTIONS = ("-h", "--help", "--version", "--install-completion", "--show-completion")


def _print_version(requested: bool) -> None:
    if requested:
        print(f"ddpm-studio {__version__}")
        raise typer.Exit


def _studio(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Tell the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option(_DEBUG, help="Show where an error comes from; anywhere in the line.")
    ] = False,
    no_plugins: Annotated[
        bool, typer.Option(_NO_PLUGINS, help="Use no plug-ins; anywhere in the line.")
    ] = False,
) -> None:
    """Train, watch and understand denoising diffusion models.

    With paths alone, or without arguments, the window opens; with --sample NAME, on sample
    pictures. COMMAND --help describes a command.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit the process.

    Exit codes: 0: success; 1: failure; 2: wrong usage; 128 + n: stopped by signal n, such as 130
    (SIGINT) or 143 (SIGTERM); 141: broken pipe (the reader of the output has gone).
    """
    # Imports on the way to a command produce no garbage, so collecting would waste time.
    gc.disable()
    escape_unencodable()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors become one line on stderr."""
    if list(arguments) == [WORKER_FLAG]:
        from ddpm_studio.data.decoding import worker

        worker.main()
    if list(arguments) == [RANK_FLAG]:
        from ddpm_studio.jobs import rank_worker

        return rank_worker.main()
    args, flags = _split_flags(list(arguments))
    if _NO_PLUGINS in flags:
        from ddpm_studio.catalogue import plugins

        plugins.switch_off()
    if not args or (args[0] not in COMMANDS and args[0] not in _OWN_OPTIONS):
        args.insert(0, DEFAULT)
    app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, context_settings=CONTEXT)
    app.callback()(_studio)
    command = typer.main.get_command(app)
    try:
        if (exit_status := run_as_other_rank(args[0])) is None:
            exit_status = command.main(args, prog_name="ddpm-studio", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, OutputClosed, KeyboardInterrupt) as error:
        redirect_stdout_to_null()  # Otherwise the interpreter's final flush would fail.
        return STOPPED if isinstance(error, KeyboardInterrupt) else UNREAD
    except StoppedBySignal as stop:
        if args[0] not in ("train", "distill"):  # These have reported what is saved.
            print("Stopped before the end.", file=sys.stderr)
        return stop.exit_code
    except Exception as error:
        if _DEBUG in flags:
            traceback.print_exception(error)
        return _print_error(error)
    finally:
        _print_plugin_problems()
        dismiss_other_ranks(args[0])
    return exit_status if isinstance(exit_status, int) else OK


def _print_error(error: Exception) -> int:
    """Print an error and its remedy on one line, and return the exit code."""
    # Usage errors are exceptions of the parser, which format their own message.
    if not isinstance(error, StudioError) and (formatter := getattr(error, "format_message", None)):
        context = getattr(error, "ctx", None)
        command_path = context.command_path if context else "ddpm-studio"
        message = reword_message(" ".join(formatter().split()))
        ending = "" if message.endswith("?") else "."
        _print_error_line(f"{message}{ending} See {command_path} --help.")
        return USAGE
    failure = Failure.of(error)
    is_expected = isinstance(error, StudioError)
    _print_error_line(
        failure.line
        if is_expected
        else f"{failure.cause} {failure.remedy} ({_DEBUG} shows where it comes from.)"
    )
    return FAILED


def _print_error_line(text: str) -> None:
    print(f"error: {text}", file=sys.stderr)


def _print_plugin_problems() -> None:
    """Print a warning for each plug-in that was loaded and can't be used."""
    plugins = sys.modules.get("ddpm_studio.catalogue.plugins")
    for plugin in plugins.loaded() if plugins else ():
        if plugin.problem:
            print(f"warning: {plugin.line}", file=sys.stderr)


def _split_flags(args: list[str]) -> tuple[list[str], set[str]]:
    """Split off the flags that may be anywhere before a ``--``: (other words, flags)."""
    end = args.index("--") if "--" in args else len(args)
    flags = {_DEBUG, _NO_PLUGINS}.intersection(args[:end])
    return [arg for arg in args[:end] if arg not in flags] + args[end:], flags
