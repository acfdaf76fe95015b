"""Fine-tuning the open model: a copy of it learns the open pictures, as a run of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ddpm_studio.catalogue import PRESETS
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import TrainRequest

_ACTION = "training.fine_tune"


class FineTuner(QObject):
    """Fine-tune action: enabled where it is possible, else with the reason in its tooltip.

    ``button`` is visible where the open model can't be resumed: a model that was packed to be
    shared lacks the training state, and one of another program never had any.

    Args:
        studio: has the open model and the open pictures on which it is fine-tuned.
        actions: where the action is registered.
        arguments: returns the settings for a network's preset, or for the one that is shown if it
            is None, the new run's folder and the run to start from, if any; None if they are
            invalid.
        parent: the panel.
    """

    def __init__(
        self,
        studio: Studio,
        actions: ActionRegistry,
        arguments: Callable[[str | None], tuple[TrainRequest, Path, Path | None] | None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._studio, self._get_arguments = studio, arguments
        self._set_available = actions.set_available
        self._action = actions.add(
            _ACTION,
            self.tr("Fine-tune"),
            self.begin,
            category=self.tr("&Model"),
            icon="repeat",
            keywords=self.tr("adapt transfer ready model"),
            enabled=False,
        )
        self.button = ActionButton(self._action, "repeat")
        for changed in (studio.run_changed, studio.training_changed, studio.data_changed):
            changed.connect(self._refresh)
        self._refresh()

    def begin(self) -> None:
        """Start fine-tuning with the settings shown, or the recipe of the model's network.

        That recipe, which the terminal takes as well, replaces the one of the network shown.
        """
        view = self._studio.run_view
        preset = None if view is None else view.summary.preset
        arguments = self._get_arguments(preset if preset in PRESETS else None)
        if arguments is not None:
            request, run, _ = arguments
            self._studio.trainer.fine_tune(request, run)

    def _refresh(self) -> None:
        view, training = self._studio.run_view, self._studio.training is not None
        has_model = view is not None and bool(view.summary.checkpoints)
        self.button.setVisible(
            has_model and view is not None and not view.trainable and not training
        )
        why_not = ""
        if not has_model:
            why_not = self.tr("Open a trained model first")
        elif not self._studio.sources:
            why_not = self.tr("Open pictures first, in the Data dock: the model learns from them")
        elif training:
            why_not = self.tr("A training is under way: stop it first, or let it end")
        tip = self.tr("Train a copy of the open model on the open pictures, as a new run")
        self._set_available(_ACTION, tip, why_not)
