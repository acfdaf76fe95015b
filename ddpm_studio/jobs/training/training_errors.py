"""Errors that end a training, reported once with the saved step and a remedy."""

from __future__ import annotations

from dataclasses import dataclass

from ddpm_studio.errors import Failure, StudioError, is_device_lost, is_out_of_memory


@dataclass(frozen=True)
class ErrorRecord:
    """An error as text: its traceback, which references tensors, is not kept."""

    failure: Failure
    out_of_memory: bool
    device_lost: bool

    @classmethod
    def of(cls, error: BaseException) -> ErrorRecord:
        """Describe any exception."""
        return cls(Failure.of(error), is_out_of_memory(error), is_device_lost(error))

    def to_training_error(self, step: int, saved: int) -> StudioError:
        """Return the error to report for a training that this has ended.

        Args:
            step: steps taken.
            saved: the newest saved step; 0 for none.
        """
        cause, remedy = self.failure.cause, self.failure.remedy
        if self.out_of_memory:
            cause = f"There was not enough memory for step {step + 1}."
            remedy = (
                "Close what else uses the device and train further, or start a new run with a "
                "smaller batch or network."
            )
        elif self.device_lost:
            cause = f"The GPU stopped working at step {step + 1}."
            remedy = (
                "Start DDPM Studio again and train further; if it happens again, choose device "
                "cpu, or look at the GPU's driver."
            )
        saved_text = f"The run is saved at step {saved}." if saved else "No step was saved yet."
        return StudioError(f"{cause} {saved_text}", remedy, self.failure.details)
