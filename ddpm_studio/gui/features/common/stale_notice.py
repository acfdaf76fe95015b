"""Notice above a drawing that the model has since been trained further, or that it is deferred."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, button
from ddpm_studio.gui.workspace.studio import Studio


class AgeRow(QWidget):
    """Caption with the training step of a drawing, the model's current step, and a redraw button.

    It stays visible while the open model is being trained, so that the layout does not move with
    each drawing; otherwise it is visible only while the drawing shown is of an earlier step or is
    deferred.

    Args:
        studio: provides the open model and its step.
        again: the action that draws again.
        recipe: returns the recipe of the drawing shown; None while no finished one is shown.
        waiting: returns why an automatic drawing is deferred, else an empty text.
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
        """Whether the model has been trained further since the drawing was made."""
        drawn, now = self._step(), self._studio.model_step
        return drawn is not None and now is not None and now > drawn

    def refresh(self) -> None:
        """Update caption, button and visibility; to be called when a drawing begins or ends."""
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
