"""Stale-drawing notice: the model has trained on since, and what waits for it."""

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
    and whenever what is shown is of an earlier step, or waits.

    Args:
        studio: knows the open model.
        again: draws again.
        recipe: returns how what is shown was made; None while nothing finished is.
        waiting: returns why what nobody asked for is not drawn yet, else an empty text.
        parent: the owner.
    """

    def __init__(
        self,
        studio: Studio,
        again: QAction,
        recipe: Callable[[], Mapping[str, object] | None],
        waiting: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio, self._recipe, self._waiting = studio, recipe, waiting
        self._told = (
            self.tr("Drawn at step {0}"),
            self.tr("Drawn at step {0} · the model is at {1}"),
        )
        self.words = ElidedLabel("", "caption")
        self._texts = self.tr("Draw again"), self.tr("Draw now")
        self.button = button(self._texts[0], again.toolTip(), role="link")
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
        unasked = studio.unasked.changed
        for moved in (studio.model_moved, studio.run_changed, studio.training_changed, unasked):
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
        waiting = self._waiting()
        self.words.setText(waiting or ("" if drawn is None else self._told[old].format(*steps)))
        text = self._texts[bool(waiting)]
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setVisible(old or bool(waiting))
        self.setVisible(old or bool(waiting) or self._studio.draws_live)

    def _step(self) -> int | None:
        recipe = self._recipe()
        step = None if recipe is None else recipe.get("checkpoint")
        return step if isinstance(step, int) else None
