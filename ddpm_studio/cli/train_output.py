"""Terminal output of a training: JSON lines on stdout, or messages on stderr."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ddpm_studio.cli.job_runner import run_job
from ddpm_studio.cli.output import event_to_dict, print_json, redirect_stdout_to_null
from ddpm_studio.cli.signals import StoppedBySignal
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import CheckpointSaved, Event, Notice, RunStarted, TrainStep, TrainTick
from ddpm_studio.runs import RunFolder

if TYPE_CHECKING:
    from ddpm_studio.jobs import TrainResult


def run_training(job: Generator[Event, None, TrainResult], run: Path, json: bool) -> None:
    """Run a training to its end, and print its events and result.

    Args:
        job: the training.
        run: the run folder.
        json: print events as JSON lines.

    Raises:
        StoppedBySignal: after a signal, once the saved checkpoint was reported.
        BrokenPipeError: likewise, if the reader of the output has gone.
    """
    output = TrainOutput(json)
    try:
        result = run_job(job, output)
    except StoppedBySignal:
        output.print_stop(run)
        raise
    except BrokenPipeError:
        redirect_stdout_to_null()
        with contextlib.suppress(BrokenPipeError):  # stderr may have lost the same reader.
            output.print_stop(run, "Nobody reads the output any more: stopped")
        raise
    output.print_end(result.run, result.step, result.loss)


class TrainOutput:
    """Event listener that prints a training's events as JSON lines, or short messages on stderr.

    Args:
        json: print JSON lines.
    """

    def __init__(self, json: bool) -> None:
        self._json = json
        self._loss: float | None = None
        # It differs from the requested folder if the run had to move to the fallback folder.
        self._run: Path | None = None

    def __call__(self, event: Event) -> None:
        """Print an event if it is one of those that are reported."""
        match event:
            case TrainStep():
                self._loss = event.loss
            case TrainTick():
                self._print_json({**event_to_dict("tick", event), "loss": self._loss})
            case RunStarted():
                self._run = event.run
                self._print_json(event_to_dict("started", event))
                if not self._json:
                    _print(
                        f"{event.parameters:,} parameters on {event.device}, {event.precision}; "
                        f"from step {event.step:,} to {event.total:,} in {event.run}"
                    )
            case CheckpointSaved():
                self._print_json(event_to_dict("checkpoint", event))
            case Notice():
                self._print_json(event_to_dict("notice", event))
            case _:
                pass

    def print_end(self, run: Path, step: int, loss: float) -> None:
        """Print the result after all steps."""
        self._print_json({"event": "done", "run": run, "step": step, "loss": loss})
        if not self._json:
            _print(f"Trained to step {step:,}; last loss {loss:.4f}.")
            print(run)

    def print_stop(self, run: Path, opening: str = "Stopped") -> None:
        """Print which checkpoint a stopped training can resume from.

        Args:
            run: the requested run folder.
            opening: beginning of the sentence, with the cause.
        """
        run = self._run or run
        try:
            checkpoint = RunFolder.open(run).newest()
        except StudioError:
            self._print_json({"event": "stopped", "run": run, "step": 0, "checkpoint": None})
            _print(f"{opening} before the first step; no checkpoint is there.")
            return
        self._print_json(
            {"event": "stopped", "run": run, "step": checkpoint.step, "checkpoint": checkpoint.path}
        )
        _print(
            f"{opening} at step {checkpoint.step:,}, saved in {checkpoint.path}. "
            "--resume goes on from there."
        )

    def _print_json(self, value: dict[str, object]) -> None:
        if self._json:
            print_json(value)


def _print(text: str) -> None:
    typer.echo(text, err=True)
