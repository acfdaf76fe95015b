"""Notice above a drawing that the model has since been trained further, or that it is deferred."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, button
from ddpm_studio.gui.workspace.studio import Studio


class StaleNotice(QWidget):
    """Caption with the training step of a drawing, the model's current step, and a redraw button.

    It stays visible while the open model is being trained, so that the layout does not move with
    each drawing; otherwise it is visible only while the drawing shown is of an earlier step or is
    deferred.

    Args:
        studio: provides the open model and its step.
        redraw_action: the action that draws again.
        recipe: returns the recipe of the drawing shown; None while no finished one is shown.
        waiting_reason: returns why an automatic drawing is deferred, else an empty text.
        parent: the owner.
    """

    def __init__(
        self,
        studio: Studio,
        redraw_action: QAction,
        recipe: Callable[[], Mapping[str, object] | None],
        waiting_reason: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio, self._recipe, self._waiting_reason = studio, recipe, waiting_reason
        self._captions = (
            self.tr("Drawn at step {0}"),
            self.tr("Drawn at step {0} · the model is at {1}"),
        )
        self.caption = ElidedLabel("", "caption")
        self._button_texts = self.tr("Draw again"), self.tr("Draw now")
        self.button = button(self._button_texts[0], redraw_action.toolTip(), role="link")
        policy = self.button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.button.setSizePolicy(policy)
        self.button.clicked.connect(redraw_action.trigger)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        row.addWidget(self.caption)
        row.addWidget(self.button)
        row.addStretch()
        for signal in (
            studio.model_trained,
            studio.run_changed,
            studio.training_changed,
            studio.auto_drawing.changed,
        ):
            signal.connect(self.refresh)
        self.refresh()

    @property
    def is_stale(self) -> bool:
        """Whether the model has been trained further since the drawing was made."""
        drawn_step, model_step = self._step(), self._studio.model_step
        return drawn_step is not None and model_step is not None and model_step > drawn_step

    def refresh(self) -> None:
        """Update caption, button and visibility; to be called when a drawing begins or ends."""
        drawn_step, model_step, is_stale = self._step(), self._studio.model_step, self.is_stale
        steps = [f"{step:,}" for step in (drawn_step, model_step) if step is not None]
        waiting = self._waiting_reason()
        self.caption.setText(
            waiting or ("" if drawn_step is None else self._captions[is_stale].format(*steps))
        )
        text = self._button_texts[bool(waiting)]
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setVisible(is_stale or bool(waiting))
        self.setVisible(is_stale or bool(waiting) or self._studio.uses_live_weights)

    def _step(self) -> int | None:
        recipe = self._recipe()
        step = None if recipe is None else recipe.get("checkpoint")
        return step if isinstance(step, int) else None
