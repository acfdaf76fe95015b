"""What went wrong, said once for a person, with details to copy."""

from __future__ import annotations

import traceback
from dataclasses import dataclass


class StudioError(Exception):
    """An error that a person can act on.

    Args:
        cause: one line, what is wrong, in plain words, naming the file or field.
        remedy: one line, what to do about it.
        details: anything longer that helps a report.
    """

    def __init__(self, cause: str, remedy: str = "", details: str = "") -> None:
        self.cause = " ".join(cause.split())
        self.remedy = " ".join(remedy.split())
        self.details = details
        super().__init__(f"{self.cause} {self.remedy}".strip())


@dataclass(frozen=True)
class Failure:
    """An error as data, to be carried between threads and processes.

    It holds text alone: a live traceback would keep the tensors of its frames alive.
    """

    cause: str
    remedy: str
    details: str

    @property
    def line(self) -> str:
        """Cause and remedy on one line."""
        return f"{self.cause} {self.remedy}".strip()

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe any exception; unforeseen ones name their type and ask for a report."""
        details = "".join(traceback.format_exception(error))
        if isinstance(error, StudioError):
            return cls(error.cause, error.remedy, error.details or details)
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return cls(
                "There is not enough memory for this.",
                "Choose a smaller batch, a smaller preset or fewer samples.",
                details,
            )
        if isinstance(error, OSError) and error.strerror:
            where = f": {error.filename}" if error.filename else ""
            return cls(
                f"{error.strerror}{where}.", "Check the path, its permissions and space.", details
            )
        message = " ".join(str(error).split()) or "no message"
        return cls(
            f"Unexpected {type(error).__name__}: {message[:300]}.",
            "Please copy the details into a report.",
            details,
        )
