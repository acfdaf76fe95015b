"""User-facing errors: a one-line cause, a one-line remedy, and details to copy into a report."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

_MAX_LINE_LENGTH = 500


def printable(text: str, max_length: int = _MAX_LINE_LENGTH) -> str:
    """Sanitise untrusted text to one line that is safe to show in any terminal or label.

    Control characters could clear a terminal or reverse the reading order, and lone surrogates
    can't be printed at all: both become "�". Text longer than ``max_length`` characters is cut.
    """
    if len(text) <= max_length and text.isprintable() and "  " not in text and text == text.strip():
        return text
    # A slice is enough to fill the line, however long the text is.
    line = " ".join(text[: 4 * max_length].split())
    line = "".join(char if char.isprintable() else "�" for char in line)
    return line if len(line) <= max_length else line[: max_length - 1] + "…"


class StudioError(Exception):
    """An error that a person can act on.

    Args:
        cause: what is wrong, in one plain line that names the file or field.
        remedy: what to do about it, in one line.
        details: longer text for a bug report, such as a traceback.
    """

    def __init__(self, cause: str, remedy: str = "", details: str = "") -> None:
        self.cause = printable(cause)
        self.remedy = printable(remedy)
        self.details = details
        super().__init__(f"{self.cause} {self.remedy}".strip())


class PluginWarning(UserWarning):
    """Warning that a plug-in package can't be used; the message names it and the reason."""


@dataclass(frozen=True)
class Failure:
    """An error as plain data, which can be passed between threads and processes.

    It holds only text: a live traceback would keep the tensors of its frames alive.
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
        """Convert any exception; an unexpected one names its type and asks for a bug report."""
        details = "".join(traceback.format_exception(error))
        if isinstance(error, StudioError):
            # An error that was built only to be shown, and never raised, has no traceback to add.
            never_raised = error.__traceback__ is None and error.__cause__ is None
            return cls(
                error.cause, error.remedy, error.details or ("" if never_raised else details)
            )
        if is_out_of_memory(error):
            return cls(
                "There is not enough memory for this.",
                "Choose a smaller batch, a smaller preset or fewer samples, or close what else "
                "uses the device.",
                details,
            )
        if is_device_lost(error):
            return cls(
                "The GPU has stopped working for this program.",
                "Start DDPM Studio again; runs go on from their last checkpoint. If it happens "
                "again, choose device cpu, or look at the GPU's driver.",
                details,
            )
        if isinstance(error, OSError) and error.strerror:
            filename = f": {error.filename}" if error.filename else ""
            return cls(
                printable(f"{error.strerror}{filename}."),
                "Check the path, its permissions and space.",
                details,
            )
        description = f"{type(error).__name__}: {printable(str(error), 300) or 'no message'}"
        if plugin := _plugin_of(error):
            return cls(
                f"The plug-in {plugin} failed by {description}.",
                "Tell those who offer it, or do without it.",
                details,
            )
        report = "Please copy the details into a report."
        if plugin_modules:
            # Output of a plug-in with, say, a wrong shape fails in our code and not in its own.
            report = "Try without plug-ins; if that is no help, copy the details into a report."
        return cls(f"Unexpected {description}.", report, details)


#: Top-level modules of the loaded plug-ins, each with the name of the plug-in that it belongs to.
plugin_modules: dict[str, str] = {}


def _plugin_of(error: BaseException) -> str:
    """Return the plug-in whose frame is the innermost of plug-ins' in a traceback; empty: none."""
    found = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        found = plugin_modules.get(module.partition(".")[0], found)
    return found


# torch raises some of these as plain RuntimeErrors, so messages are matched; torch isn't imported.
_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",
)
_DEVICE_LOST = ("cuda error", "cudnn error", "cublas error", "device-side assert", "hip error")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means out of memory, on the device or on the host."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and _message_contains(error, _OUT_OF_MEMORY)


def is_device_lost(error: BaseException) -> bool:
    """Whether an error means that the device is lost, so that nothing on it can be saved."""
    if is_out_of_memory(error):
        return False
    if type(error).__name__ == "AcceleratorError":
        return True
    return isinstance(error, RuntimeError) and _message_contains(error, _DEVICE_LOST)


def _message_contains(error: BaseException, phrases: tuple[str, ...]) -> bool:
    message = str(error).lower()
    return any(phrase in message for phrase in phrases)
