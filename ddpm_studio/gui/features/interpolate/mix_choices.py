"""Interpolation settings, and what can be done with the mixed pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox, QVBoxLayout, QWidget

from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.common.sampler_drawer import SamplerDrawer
from ddpm_studio.gui.widgets.forms.choices import add_choices, name_by_field, translated
from ddpm_studio.gui.widgets.layout.basics import button, inset, keep_from_wheel, label
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.flow_layout import together
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.jobs.drawing.recipes import Restored
from ddpm_studio.requests import MixRequest

_LAMBDAS = 7
_MOST_LAMBDAS = 64
_STEPS_WIDTH = 64
_FIELDS = MixRequest.model_fields


class MixChoices(QWidget):
    """Buttons for the pictures and the ways to mix; λ steps and the kind of mix for a drawer.

    At most one of the ways is on; with none of them it is one row from A to B.

    Args:
        actions: where ``interpolate.surprise``, ``.swap``, ``.draw`` and the ways are registered.
        category: the menu they belong to, translated.
        surprise: takes two pictures by chance.
        swap: exchanges the two.
        draw: draws again.
        parent: the owner.
    """

    changed = Signal()
    """λ steps or the kind of mix are others."""
    mode_changed = Signal()
    """``mode`` is another."""

    def __init__(
        self,
        actions: ActionRegistry,
        category: str,
        surprise: Callable[[], object],
        swap: Callable[[], object],
        draw: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._actions, self._category = actions, category
        self._row = self._way_action(
            "row",
            self.tr("One row"),
            self._choose_row,
            "arrow-right",
            self.tr("From A to B at one t"),
        )
        self._row.setChecked(True)
        self.matrix = self._way(
            "matrix",
            self.tr("Several t"),
            self.tr("One row for each of several t from T to 0, as in Fig. 9 of the paper"),
            "grid-3x3",
        )
        self.corners = self._way(
            "corners",
            self.tr("Four corners"),
            self.tr("A square between four pictures"),
            "layout-grid",
        )
        self.pad = self._way(
            "pad", self.tr("Pad"), self.tr("Move a point between four pictures"), "crosshair"
        )
        self.path = self._way(
            "path", self.tr("Path"), self.tr("Walk through several pictures in turn"), "waypoints"
        )
        self._ways = {
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
        self.again = ActionTool(draw_action)
        pictures = (
            self._button("surprise", self.tr("From data"), surprise, "shuffle", tip),
            self._button("swap", self.tr("Swap"), swap, "repeat", self.tr("Exchange A and B")),
        )
        self._words = {press: press.text() for press in (*pictures, *self._ways.values())}

    def lay_out(self, drawer: SamplerDrawer, corner: QWidget) -> None:
        """Stand in a row with class and seed, which a drawer takes where they have no room."""
        row = ControlRow(drawer)
        for press in self._words:
            row.add(press, keep=True)
        for part, sentence in drawer.front:
            row.add(part, sentence)
        row.add(self.again, keep=True)
        row.set_corner(corner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(row)

    @property
    def rarely(self) -> tuple[tuple[QWidget, str], ...]:
        """What is rarely changed, each with a sentence."""
        steps = together(label(self.tr("λ steps"), "muted"), self.steps_lambda)
        mix = together(label(translated(_FIELDS["mix"].title or "").lower(), "muted"), self.mix)
        return (steps, self.steps_lambda.toolTip()), (mix, self.mix.toolTip())

    def set_brief(self, brief: bool) -> None:
        """Show icons alone, where there is no room for words."""
        for press, text in self._words.items():
            press.setText("" if brief else text)

    @property
    def mode(self) -> str:
        """The way that is on: "matrix", "corners", "pad", "path", or else "row"."""
        return next((mode for mode, way in self._ways.items() if way.isChecked()), "row")

    def set_mode(self, mode: str) -> None:
        """Turn one of the ways on, or with "row" none."""
        for key, way in self._ways.items():
            if key == mode or mode == "row":
                way.setChecked(key == mode)

    def value(self) -> dict[str, Any]:
        """Return the fields of a :class:`MixRequest` that are chosen here."""
        return {"steps_lambda": self.steps_lambda.value(), "mix": self.mix.currentData()}

    def set_value(self, fields: dict[str, Any]) -> None:
        """Show these fields, as :meth:`value` returns them."""
        self.steps_lambda.setValue(fields["steps_lambda"])
        self.mix.setCurrentIndex(max(0, self.mix.findData(fields["mix"])))

    def _way(self, mode: str, text: str, tip: str, icon: str) -> QPushButton:
        made = button(text, tip, icon=icon)
        made.setCheckable(True)
        made.toggled.connect(self._on_way)
        self._way_action(mode, text, made.setChecked, icon, tip)
        return made

    def _way_action(
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
        """One row is what is left when no other way is on: it can't be turned off alone."""
        self._row.setChecked(True)
        self.set_mode("row")

    def _on_way(self, on: bool) -> None:
        """One way at a time: turning one on turns the others off."""
        chosen = self.sender()
        for way in self._ways.values():
            if on and way is not chosen:
                blocked = way.blockSignals(True)
                way.setChecked(False)
                way.blockSignals(blocked)
        for mode, way in self._ways.items():
            self._actions[f"interpolate.way_{mode}"].setChecked(way.isChecked())
        self._row.setChecked(self.mode == "row")
        self.mode_changed.emit()

    def _button(
        self, key: str, text: str, callback: Callable[[], object], icon: str, tip: str
    ) -> QPushButton:
        action = self._actions.add(
            f"interpolate.{key}", text, callback, category=self._category, icon=icon, tip=tip
        )
        made = button(text, tip, icon=icon)
        made.clicked.connect(action.trigger)
        return made

    def _steps_box(self) -> QSpinBox:
        box = QSpinBox()
        inset(box)
        box.setRange(2, _MOST_LAMBDAS)
        box.setValue(_LAMBDAS)
        box.setFixedWidth(_STEPS_WIDTH)
        box.setKeyboardTracking(False)
        keep_from_wheel(box)
        field = _FIELDS["steps_lambda"]
        name_by_field(box, field)
        box.valueChanged.connect(self.changed)
        return box

    def _mix_box(self) -> QComboBox:
        box = QComboBox()
        add_choices(box, choices_of(_FIELDS["mix"]))
        keep_from_wheel(box)
        name_by_field(box, _FIELDS["mix"])
        box.currentIndexChanged.connect(self.changed)
        return box


def restored_mode(found: Restored) -> str:
    """Return the way of mixing that a recipe tells of; see :class:`MixChoices`."""
    if found.kind == "path":
        return "path"
    if found.rows:
        return "matrix"
    if len(found.pictures) == 2:
        return "row"
    moved = any(getattr(found.request, key, None) is not None for key in ("u", "trail"))
    return "pad" if moved else "corners"
