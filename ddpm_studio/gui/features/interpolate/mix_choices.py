"""Interpolation settings: buttons of the modes, λ steps, kind of mix, and picture actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox, QVBoxLayout, QWidget

from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.common.sampler_drawer import SamplerDrawer
from ddpm_studio.gui.widgets.forms.choices import add_choices, set_name_from_field, translated
from ddpm_studio.gui.widgets.layout.basics import (
    add_text_margin,
    button,
    ignore_unfocused_wheel,
    label,
)
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe
from ddpm_studio.requests import MixRequest

_LAMBDAS = 7
_MAX_LAMBDAS = 64
_STEPS_WIDTH = 64
_FIELDS = MixRequest.model_fields


class MixChoices(QWidget):
    """Buttons for pictures and interpolation modes; λ steps and kind of mix for a drawer.

    At most one of the mode buttons is checked; with none, the mode is "row", one row from A to B.

    Args:
        actions: where ``interpolate.surprise``, ``.swap``, ``.draw`` and the modes are registered.
        category: the menu they belong to, translated.
        pick_random: fills the slots with random pictures.
        swap: swaps A and B.
        draw: draws again.
        parent: the owner.
    """

    changed = Signal()
    """λ steps or the kind of mix have changed."""
    mode_changed = Signal()
    """``mode`` has changed."""

    def __init__(
        self,
        actions: ActionRegistry,
        category: str,
        pick_random: Callable[[], object],
        swap: Callable[[], object],
        draw: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._actions, self._category = actions, category
        self._row = self._mode_action(
            "row",
            self.tr("One row"),
            self._choose_row,
            "arrow-right",
            self.tr("From A to B at one t"),
        )
        self._row.setChecked(True)
        self.matrix = self._mode_button(
            "matrix",
            self.tr("Several t"),
            self.tr("One row for each of several t from T to 0, as in Fig. 9 of the paper"),
            "grid-3x3",
        )
        self.corners = self._mode_button(
            "corners",
            self.tr("Four corners"),
            self.tr("A square between four pictures"),
            "layout-grid",
        )
        self.pad = self._mode_button(
            "pad", self.tr("Pad"), self.tr("Move a point between four pictures"), "crosshair"
        )
        self.path = self._mode_button(
            "path", self.tr("Path"), self.tr("Walk through several pictures in turn"), "waypoints"
        )
        self._mode_buttons = {
            "matrix": self.matrix,
            "corners": self.corners,
            "pad": self.pad,
            "path": self.path,
        }
        self.steps_lambda = self._steps_box()
        self.mix = self._mix_box()
        tip = self.tr("Fill the slots with random pictures of the data")
        draw_action = actions.add(
            "interpolate.draw",
            self.tr("Interpolate again"),
            draw,
            category=category,
            icon="refresh-cw",
            tip=self.tr("Draw again, with the model as it is now, and keep it in the gallery"),
        )
        self.redraw_button = ActionTool(draw_action)
        pictures = (
            self._button("surprise", self.tr("From data"), pick_random, "shuffle", tip),
            self._button("swap", self.tr("Swap"), swap, "repeat", self.tr("Exchange A and B")),
        )
        self._button_texts = {
            push_button: push_button.text()
            for push_button in (*pictures, *self._mode_buttons.values())
        }

    def lay_out(self, drawer: SamplerDrawer, corner: QWidget) -> None:
        """Lay out the buttons with class and seed, which move to the drawer if there is no room."""
        row = ControlRow(drawer)
        for push_button in self._button_texts:
            row.add(push_button, keep=True)
        for part, sentence in drawer.row_controls:
            row.add(part, sentence)
        row.add(self.redraw_button, keep=True)
        row.set_corner(corner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(row)

    @property
    def drawer_controls(self) -> tuple[tuple[QWidget, str], ...]:
        """Rarely used controls, for a drawer, each with its help text."""
        steps = inline_group(label(self.tr("λ steps"), "muted"), self.steps_lambda)
        mix = inline_group(label(translated(_FIELDS["mix"].title or "").lower(), "muted"), self.mix)
        return (steps, self.steps_lambda.toolTip()), (mix, self.mix.toolTip())

    def set_brief(self, brief: bool) -> None:
        """Set whether the buttons show icons without text."""
        for push_button, text in self._button_texts.items():
            push_button.setText("" if brief else text)

    @property
    def mode(self) -> str:
        """The current mode: "row", "matrix", "corners", "pad" or "path"."""
        return next(
            (mode for mode, mode_button in self._mode_buttons.items() if mode_button.isChecked()),
            "row",
        )

    def set_mode(self, mode: str) -> None:
        """Set the mode by checking its button; "row" unchecks all."""
        for key, mode_button in self._mode_buttons.items():
            if key == mode or mode == "row":
                mode_button.setChecked(key == mode)

    def value(self) -> dict[str, Any]:
        """Return the fields of a :class:`MixRequest` that are chosen here."""
        return {"steps_lambda": self.steps_lambda.value(), "mix": self.mix.currentData()}

    def set_value(self, fields: dict[str, Any]) -> None:
        """Set the controls from the fields that :meth:`value` returns."""
        self.steps_lambda.setValue(fields["steps_lambda"])
        self.mix.setCurrentIndex(max(0, self.mix.findData(fields["mix"])))

    def _mode_button(self, mode: str, text: str, tip: str, icon: str) -> QPushButton:
        mode_button = button(text, tip, icon=icon)
        mode_button.setCheckable(True)
        mode_button.toggled.connect(self._on_mode_toggled)
        self._mode_action(mode, text, mode_button.setChecked, icon, tip)
        return mode_button

    def _mode_action(
        self, mode: str, text: str, callback: Callable[[bool], object], icon: str, tip: str
    ) -> QAction:
        return self._actions.add(
            f"interpolate.way_{mode}",
            text,
            callback,
            category=self._category,
            icon=icon,
            tip=tip,
            checkable=True,
        )

    def _choose_row(self, _: bool) -> None:
        """Switch to one row, the mode without a checked button, which can't be unchecked itself."""
        self._row.setChecked(True)
        self.set_mode("row")

    def _on_mode_toggled(self, checked: bool) -> None:
        """Keep the modes exclusive: checking one button unchecks the others."""
        chosen = self.sender()
        for mode_button in self._mode_buttons.values():
            if checked and mode_button is not chosen:
                blocked = mode_button.blockSignals(True)
                mode_button.setChecked(False)
                mode_button.blockSignals(blocked)
        for mode, mode_button in self._mode_buttons.items():
            self._actions[f"interpolate.way_{mode}"].setChecked(mode_button.isChecked())
        self._row.setChecked(self.mode == "row")
        self.mode_changed.emit()

    def _button(
        self, key: str, text: str, callback: Callable[[], object], icon: str, tip: str
    ) -> QPushButton:
        action = self._actions.add(
            f"interpolate.{key}", text, callback, category=self._category, icon=icon, tip=tip
        )
        push_button = button(text, tip, icon=icon)
        push_button.clicked.connect(action.trigger)
        return push_button

    def _steps_box(self) -> QSpinBox:
        box = QSpinBox()
        add_text_margin(box)
        box.setRange(2, _MAX_LAMBDAS)
        box.setValue(_LAMBDAS)
        box.setFixedWidth(_STEPS_WIDTH)
        box.setKeyboardTracking(False)
        ignore_unfocused_wheel(box)
        field = _FIELDS["steps_lambda"]
        set_name_from_field(box, field)
        box.valueChanged.connect(self.changed)
        return box

    def _mix_box(self) -> QComboBox:
        box = QComboBox()
        add_choices(box, choices_of(_FIELDS["mix"]))
        ignore_unfocused_wheel(box)
        set_name_from_field(box, _FIELDS["mix"])
        box.currentIndexChanged.connect(self.changed)
        return box


def restored_mode(found: ParsedRecipe) -> str:
    """Return the interpolation mode of a recipe; see :class:`MixChoices`."""
    if found.kind == "path":
        return "path"
    if found.rows:
        return "matrix"
    if len(found.pictures) == 2:
        return "row"
    has_point = any(getattr(found.request, key, None) is not None for key in ("u", "trail"))
    return "pad" if has_point else "corners"
