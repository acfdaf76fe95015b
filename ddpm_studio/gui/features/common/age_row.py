"""Says when the model has trained on since what is shown was drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, button
from ddpm_studio.gui.workspace.studio import Studio


class AgeRow(QWidget):
    """One quiet line: at which step it was drawn, where the model is, and a button.

    It stands there while the open model is in training, so that nothing moves with each drawing,
    and whenever what is shown is of an earlier step.

    Args:
        studio: knows the open model.
        again: draws again.
        recipe: returns how what is shown was made; None while nothing finished is.
        parent: the owner.
    """

    def __init__(
        self,
        studio: Studio,
        again: QAction,
        recipe: Callable[[], Mapping[str, object] | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio, self._recipe = studio, recipe
        self._told = (
            self.tr("Drawn at step {0}"),
            self.tr("Drawn at step {0} · the model is at {1}"),
        )
        self.words = ElidedLabel("", "caption")
        self.button = button(self.tr("Draw again"), again.toolTip(), role="link")
        policy = self.button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.button.setSizePolicy(policy)
        self.button.clicked.connect(again.trigger)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        row.addWidget(self.words)
        row.addWidget(self.button)
        row.addStretch()
        for moved in (studio.model_moved, studio.run_changed, studio.training_changed):
            moved.connect(self.refresh)
        self.refresh()

    @property
    def is_old(self) -> bool:
        """Whether the model has trained on since."""
        drawn, now = self._step(), self._studio.model_step
        return drawn is not None and now is not None and now > drawn

    def refresh(self) -> None:
        """Tell anew, after a drawing has begun or ended."""
        drawn, now, old = self._step(), self._studio.model_step, self.is_old
        steps = [f"{step:,}" for step in (drawn, now) if step is not None]
        self.words.setText("" if drawn is None else self._told[old].format(*steps))
        self.button.setVisible(old)
        self.setVisible(old or self._studio.draws_live)

    def _step(self) -> int | None:
        recipe = self._recipe()
        step = None if recipe is None else recipe.get("checkpoint")
        return step if isinstance(step, int) else None
