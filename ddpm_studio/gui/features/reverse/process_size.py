"""Number of pictures of a reverse process, and of moments that are kept of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox

from ddpm_studio.gui.features.common.count_choice import CountChoice
from ddpm_studio.gui.features.common.tool_panel import choose
from ddpm_studio.gui.features.reverse.trajectory import MEMORY_BUDGET, Process, affordable
from ddpm_studio.gui.theme.tokens import X0_HAT
from ddpm_studio.gui.widgets.forms.glossary_link import TermLabel
from ddpm_studio.gui.widgets.layout.basics import keep_from_wheel, label, name
from ddpm_studio.gui.widgets.layout.flow_layout import together
from ddpm_studio.gui.widgets.pictures.grid_layout import FEW
from ddpm_studio.gui.workspace.studio import Studio

_COUNTS = (1, 4, 9, 16, 25, 64)
_FEW = range(6, 11)
_MOMENTS = (26, 51, 101, 251, 501, 1001)
_EVERY_MOMENT = 10_000


class ProcessSize(QObject):
    """Two boxes, and what of their choice fits the memory.

    Args:
        studio: knows the open model.
        cover: tells which part of the views so many pictures (height, width) would take.
        parent: the owner.
    """

    changed = Signal()
    """Another choice was made."""

    def __init__(
        self,
        studio: Studio,
        cover: Callable[[int, tuple[int, int]], float],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._studio, self._cover = studio, cover
        self._limited = False
        self.compact = False
        self.count = CountChoice(_COUNTS, FEW, self.tr("How many pictures"), few=_FEW)
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
        self.count_row = together(label(self.tr("count"), "muted"), self.count)
        self.moments_row = together(TermLabel(self.tr("moments"), "moments"), self.moments)
        keep_from_wheel(self.moments)
        for box in (self.count, self.moments):
            box.currentIndexChanged.connect(self.changed)

    @property
    def pictures(self) -> int:
        """How many pictures to draw; as the views are now where it depends on them."""
        view = self._studio.run_view
        assert view is not None
        picture = view.summary.height, view.summary.width
        return self.count.pictures(lambda count: self._cover(count, picture))

    def choose(self, count: int, moments: int | None) -> None:
        """Choose numbers, also such as are not offered; None leaves the moments."""
        choose(self.count, count)
        if moments:
            choose(self.moments, moments)

    def affordable(self, steps: Sequence[int]) -> int:
        """Return how many moments to ask for, so that all of them fit the memory.

        ``compact`` then says whether x̂_0 and ε̂ have to be kept as levels.

        Args:
            steps: of each sampler; 0 is the sampler's own choice, at most T.
        """
        asked, view = int(self.moments.currentData()), self._studio.run_view
        if view is None:
            return asked
        summary = view.summary
        most = max(steps) if all(steps) else summary.timesteps
        wanted = min(asked, most + 1)
        picture = summary.height * summary.width * summary.channels
        moments, self.compact = affordable(wanted, picture, self.pictures, len(steps))
        self._limited = moments < wanted
        return moments

    def words(self, process: Process) -> str:
        """Say what was kept of a process, and whether it is less than was asked for."""
        kept = " + ".join(f"{len(one):,}" for one in process.trajectories)
        told = self.tr("{0} moments kept in {1:,.1f} MiB").format(
            kept, process.memory_bytes / 2**20
        )
        if any(one.compact for one in process.trajectories):
            levels = self.tr("{0} and ε̂ in 256 levels, as numbers would not fit").format(X0_HAT)
            told = f"{told} · {levels}"
        if self._limited:
            most = self.tr("more would not fit into {0} MiB: fewer pictures leave room for more")
            told = f"{told} · {most.format(MEMORY_BUDGET // 2**20)}"
        return told
