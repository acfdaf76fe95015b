"""Number of pictures and of kept frames of a reverse process, limited by memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox

from ddpm_studio.gui.features.common.count_choice import CountChoice
from ddpm_studio.gui.features.common.tool_panel import choose
from ddpm_studio.gui.features.reverse.trajectory import MEMORY_BUDGET, Process, frames_within_budget
from ddpm_studio.gui.theme.tokens import X0_HAT
from ddpm_studio.gui.widgets.forms.glossary_link import TermLabel
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, label, name
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group
from ddpm_studio.gui.widgets.pictures.grid_layout import FILL_ROUGHLY
from ddpm_studio.gui.workspace.studio import Studio

_COUNTS = (1, 4, 9, 16, 25, 64)
_FEW = range(6, 11)
_MOMENTS = (26, 51, 101, 251, 501, 1001)
_EVERY_MOMENT = 10_000


class ProcessSize(QObject):
    """Combo boxes for the numbers of pictures and frames, and the memory limit of the latter.

    Args:
        studio: provides the open model.
        coverage: maps a number of pictures of a size (height, width) to the fraction of the views
            that they would cover.
        parent: the owner.
    """

    changed = Signal()
    """A choice has changed."""

    def __init__(
        self,
        studio: Studio,
        coverage: Callable[[int, tuple[int, int]], float],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._studio, self._coverage = studio, coverage
        self._limited = False
        self.compact = False
        self.count = CountChoice(
            _COUNTS, FILL_ROUGHLY, self.tr("How many pictures"), adaptive_counts=_FEW
        )
        self.moments = QComboBox()
        for moments in _MOMENTS:
            self.moments.addItem(f"{moments:,}", moments)
        self.moments.addItem(self.tr("every step"), _EVERY_MOMENT)
        self.moments.setCurrentIndex(_MOMENTS.index(101))
        name(
            self.moments,
            self.tr("Moments"),
            self.tr("How many moments to keep at most, noise and picture among them"),
        )
        self.count_row = inline_group(label(self.tr("count"), "muted"), self.count)
        self.moments_row = inline_group(TermLabel(self.tr("moments"), "moments"), self.moments)
        ignore_unfocused_wheel(self.moments)
        for box in (self.count, self.moments):
            box.currentIndexChanged.connect(self.changed)

    @property
    def pictures(self) -> int:
        """Number of pictures to draw, computed from the current size of the views if needed."""
        view = self._studio.run_view
        assert view is not None
        picture = view.summary.height, view.summary.width
        return self.count.pictures(lambda count: self._coverage(count, picture))

    def choose(self, count: int, moments: int | None) -> None:
        """Select numbers, adding those that are not offered; None keeps the number of frames."""
        choose(self.count, count)
        if moments:
            choose(self.moments, moments)

    def frames_within_budget(self, steps: Sequence[int]) -> int:
        """Return the number of frames to request, so that all of them fit in memory.

        Sets ``compact``: whether x̂_0 and ε̂ have to be kept quantised to 256 levels.

        Args:
            steps: number of steps of each sampler; 0: the sampler's default, at most T.
        """
        requested, view = int(self.moments.currentData()), self._studio.run_view
        if view is None:
            return requested
        summary = view.summary
        max_steps = max(steps) if all(steps) else summary.timesteps
        needed = min(requested, max_steps + 1)
        picture = summary.height * summary.width * summary.channels
        moments, self.compact = frames_within_budget(needed, picture, self.pictures, len(steps))
        self._limited = moments < needed
        return moments

    def summary(self, process: Process) -> str:
        """Return a text on the number of frames kept, their memory, and any limit applied."""
        counts = " + ".join(f"{len(trajectory):,}" for trajectory in process.trajectories)
        text = self.tr("{0} moments kept in {1:,.1f} MiB").format(
            counts, process.memory_bytes / 2**20
        )
        if any(trajectory.compact for trajectory in process.trajectories):
            levels_note = self.tr("{0} and ε̂ in 256 levels, as numbers would not fit").format(
                X0_HAT
            )
            text = f"{text} · {levels_note}"
        if self._limited:
            limit_note = self.tr(
                "more would not fit into {0} MiB: fewer pictures leave room for more"
            )
            text = f"{text} · {limit_note.format(MEMORY_BUDGET // 2**20)}"
        return text
