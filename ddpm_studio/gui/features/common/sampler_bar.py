"""One row that says how to walk back from noise, made from :class:`SamplerRequest`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QMenu,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
)

from ddpm_studio.catalogue import SAMPLERS, Option
from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.gui.widgets.forms.choices import add_choices, translated
from ddpm_studio.gui.widgets.forms.narrow_choice import WideList
from ddpm_studio.gui.widgets.forms.seed_box import SeedBox
from ddpm_studio.gui.widgets.layout.basics import WheelFilter, label, name, tool_button
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, together
from ddpm_studio.gui.widgets.layout.menu_heading import add_heading
from ddpm_studio.requests import SamplerRequest

_FIELDS = SamplerRequest.model_fields
_STEPS_WIDTH, _ETA_WIDTH = 84, 72
_OPTION_DECIMALS = 3
# Of a closed list, beside its words.
_ARROW_WIDTH = 54


class SamplerBar(QWidget):
    """Sampler, steps, η, seed and weights; what is rarely changed lies in a menu at the end.

    Class and guidance are shown for a model that knows classes.

    Args:
        steps: the first number of steps; 0: as the sampler has it.
        eta: the first η.
        sampler: the first sampler.
        least_eta: the smallest η that can be chosen.
        fixed: the sampler is not to be chosen: neither it nor η is shown.
        brief: only sampler, steps and η, beside a bar that has the rest.
        parent: the owner.
    """

    changed = Signal()

    def __init__(
        self,
        steps: int = 25,
        eta: float = 0.0,
        sampler: str = "dpm++2m-sde",
        least_eta: float = 0.0,
        fixed: bool = False,
        brief: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._wished_steps, self._fixed, self._brief = steps, fixed, brief
        self._filter = WheelFilter(self)
        self.sampler = self._choice("sampler", sampler)
        self.weights = self._choice("weights", "ema")
        self.steps = self._steps()
        self.eta = self._eta(eta, least_eta)
        self.seed = SeedBox()
        self.seed.installEventFilter(self._filter)
        _describe(self.seed, _FIELDS["seed"])
        self.dice = tool_button("dice-5", self.tr("Another seed"))
        self.variance, self.precision, self.clip, more = self._more()
        self._eta_label = label("η", "muted")
        self.options = {key: self._option(option) for key, option in _other_options().items()}
        self.class_label, self.guidance = self._classes()
        self._class_group = together(
            label(self.tr("class"), "muted"),
            self.class_label,
            label(self.tr("guidance"), "muted"),
            self.guidance,
        )
        self._class_group.hide()
        layout = FlowLayout(parent=self)
        eta_group = together(self._eta_label, self.eta)
        rest = (
            together(label(self.tr("seed"), "muted"), self.seed, self.dice),
            together(self.weights, more),
        )
        self._option_groups = {
            key: together(label(box.accessibleName(), "muted"), box)
            for key, box in self.options.items()
        }
        # What has no parent yet must not be shown: it would be a window of its own.
        for part in (*((self.sampler, eta_group) if fixed else ()), *(rest if brief else ())):
            part.hide()
        for part in (
            self.sampler,
            together(label(self.tr("steps"), "muted"), self.steps),
            eta_group,
            *self._option_groups.values(),
            rest[0],
            self._class_group,
            rest[1],
        ):
            layout.addWidget(part)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(self.tr("Sampler"))
        self.sampler.currentIndexChanged.connect(self._on_sampler)
        self.weights.currentIndexChanged.connect(self.changed)
        self.steps.valueChanged.connect(self._on_steps)
        self.eta.valueChanged.connect(self.changed)
        self.seed.changed.connect(self.changed)
        self.class_label.currentIndexChanged.connect(self.changed)
        self.guidance.valueChanged.connect(self.changed)
        self.dice.clicked.connect(self.seed.throw)
        self._follow_sampler()

    def value(self) -> dict[str, Any]:
        """Return the fields of a :class:`SamplerRequest`, the device and the checkpoint left out.

        Without a choice of sampler those of a :class:`DrawRequest`; of a brief bar those shown.
        """
        chosen: dict[str, Any] = (
            {}
            if self._fixed
            else {
                "sampler": self.sampler.currentData(),
                "eta": round(self.eta.value(), 2),
            }
        )
        # As a request tells them: only where there are any.
        if not self._fixed and (options := self._chosen_options()):
            chosen["sampler_options"] = options
        chosen["steps"] = self.steps.value() or None
        if self._brief:
            return chosen
        return chosen | {
            "variance": _checked(self.variance),
            "precision": _checked(self.precision),
            "seed": self.seed.value,
            "clip_x0": self.clip.isChecked(),
            "weights": self.weights.currentData(),
            "class_label": self.class_label.currentData(),
            "guidance": self._guidance(),
        }

    @property
    def words(self) -> str:
        """Sampler, steps and η in short, such as ``DDIM · 50``."""
        steps = self.steps.text()
        eta = f" · η {self.eta.text()}" if self.eta.isEnabled() and self.eta.value() else ""
        return f"{self.sampler.currentText()} · {steps}{eta}"

    def set_value(self, fields: dict[str, Any]) -> None:
        """Show these fields, as :meth:`value` returns them; others stay. Emits once."""
        blocked = self.blockSignals(True)
        before = self.value()
        boxes = (
            (self.sampler, "sampler"),
            (self.weights, "weights"),
            (self.class_label, "class_label"),
        )
        for box, key in boxes:
            if key in fields:
                box.setCurrentIndex(max(0, box.findData(fields[key])))
        if "steps" in fields:
            self.steps.setValue(fields["steps"] or 0)
        self.eta.setValue(fields.get("eta", self.eta.value()))
        if "sampler" in fields or "sampler_options" in fields:
            self._set_options(fields.get("sampler_options", {}))
        self.guidance.setValue(fields.get("guidance", self.guidance.value()))
        self.seed.set_value(fields.get("seed", self.seed.value))
        self.clip.setChecked(fields.get("clip_x0", self.clip.isChecked()))
        for group, key in ((self.variance, "variance"), (self.precision, "precision")):
            for action in group.actions():
                if action.data() == fields.get(key):
                    action.setChecked(True)
        self.blockSignals(blocked)
        if self.value() != before:
            self.changed.emit()

    def set_timesteps(self, timesteps: int) -> None:
        """No more steps than the model has timesteps T; a wish for more is remembered."""
        blocked = self.steps.blockSignals(True)
        self.steps.setMaximum(timesteps)
        self.steps.setValue(min(self._wished_steps, timesteps))
        self.steps.blockSignals(blocked)

    def set_classes(self, names: Sequence[str]) -> None:
        """Offer the classes that the model knows; none: it knows no classes."""
        if list(names) == [
            self.class_label.itemText(k) for k in range(1, self.class_label.count())
        ]:
            return
        blocked = self.class_label.blockSignals(True)
        self.class_label.clear()
        self.class_label.addItem(self.tr("any"), None)
        for number, text in enumerate(names):
            self.class_label.addItem(text, number)
        self.class_label.blockSignals(blocked)
        self._class_group.setVisible(bool(names))

    def _guidance(self) -> float:
        chosen = self.class_label.currentData() is not None
        return round(self.guidance.value(), 2) if chosen else 1.0

    def _classes(self) -> tuple[QComboBox, QDoubleSpinBox]:
        box = QComboBox()
        box.addItem(self.tr("any"), None)
        box.installEventFilter(self._filter)
        _describe(box, _FIELDS["class_label"])
        strength = QDoubleSpinBox()
        strength.setRange(0, 100)
        strength.setSingleStep(0.5)
        strength.setValue(float(_FIELDS["guidance"].default))
        strength.setFixedWidth(_ETA_WIDTH)
        strength.setKeyboardTracking(False)
        strength.installEventFilter(self._filter)
        _describe(strength, _FIELDS["guidance"])
        return box, strength

    def _choice(self, field: str, first: str) -> QComboBox:
        box = WideList()
        add_choices(box, choices_of(_FIELDS[field]))
        box.setCurrentIndex(box.findData(first))
        box.installEventFilter(self._filter)
        _describe(box, _FIELDS[field])
        return box

    def _steps(self) -> QSpinBox:
        box = QSpinBox()
        box.setRange(0, 10_000)
        box.setSpecialValueText(self.tr("auto"))
        box.setValue(self._wished_steps)
        box.setFixedWidth(_STEPS_WIDTH)
        box.setKeyboardTracking(False)
        box.installEventFilter(self._filter)
        _describe(box, _FIELDS["steps"])
        return box

    def _eta(self, first: float, least: float) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(least, 1)
        box.setSingleStep(0.1)
        box.setValue(first)
        box.setFixedWidth(_ETA_WIDTH)
        box.setKeyboardTracking(False)
        box.installEventFilter(self._filter)
        _describe(box, _FIELDS["eta"])
        return box

    def _option(self, option: Option) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setDecimals(_OPTION_DECIMALS)
        box.setRange(option.low, option.high)
        box.setSingleStep((option.high - option.low) / 10)
        box.setValue(option.default)
        box.setFixedWidth(_ETA_WIDTH)
        box.setKeyboardTracking(False)
        box.installEventFilter(self._filter)
        box.valueChanged.connect(self.changed)
        name(box, translated(option.title), translated(option.help))
        return box

    def _chosen_options(self) -> dict[str, float]:
        """Options of the sampler that have no field of their own, but for defaults."""
        return {
            option.name: round(self.options[option.name].value(), _OPTION_DECIMALS)
            for option in SAMPLERS[self.sampler.currentData()].options
            if option.name in self.options and self.options[option.name].value() != option.default
        }

    def _set_options(self, given: dict[str, float]) -> None:
        for option in SAMPLERS[self.sampler.currentData()].options:
            if option.name in self.options:
                self.options[option.name].setValue(given.get(option.name, option.default))

    def _more(self) -> tuple[QActionGroup, QActionGroup, QAction, QToolButton]:
        button = tool_button("sliders-horizontal", self.tr("More sampler settings"))
        menu = QMenu(button)
        groups = [self._group(menu, field) for field in ("variance", "precision")]
        menu.addSeparator()
        clip = menu.addAction(str(_FIELDS["clip_x0"].title))
        clip.setCheckable(True)
        clip.setChecked(True)
        clip.setToolTip(str(_FIELDS["clip_x0"].description))
        menu.setToolTipsVisible(True)
        for group in groups:
            group.triggered.connect(self.changed)
        clip.triggered.connect(self.changed)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return groups[0], groups[1], clip, button

    def _group(self, menu: QMenu, field: str) -> QActionGroup:
        """A section of the menu with one action a value."""
        described = _FIELDS[field]
        add_heading(menu, str(described.title))
        group = QActionGroup(menu)
        for choice in choices_of(described):
            action = menu.addAction(translated(choice.title))
            action.setCheckable(True)
            action.setData(choice.value)
            action.setChecked(choice.value == described.default)
            action.setToolTip(translated(choice.help or str(described.description)))
            group.addAction(action)
        return group

    def _on_sampler(self) -> None:
        self._follow_sampler()
        self.changed.emit()

    def _on_steps(self, steps: int) -> None:
        self._wished_steps = steps
        self.changed.emit()

    def _follow_sampler(self) -> None:
        # The list is as wide as the longest name; the closed box only as its own.
        words = self.sampler.fontMetrics().horizontalAdvance(self.sampler.currentText())
        self.sampler.setFixedWidth(words + _ARROW_WIDTH)
        chosen = SAMPLERS[self.sampler.currentData()]
        self.eta.setEnabled(chosen.uses_eta)
        self._eta_label.setEnabled(chosen.uses_eta)
        for option in chosen.options:
            if option.name in self.options:
                self.options[option.name].setRange(option.low, option.high)
        for key, group in self._option_groups.items():
            group.setVisible(chosen.takes(key) and not self._fixed)


def _other_options() -> dict[str, Option]:
    """The options of all samplers that have no field of their own, by name."""
    options = [option for sampler in SAMPLERS.values() for option in sampler.options]
    return {option.name: option for option in options if option.name not in _FIELDS}


def _checked(group: QActionGroup) -> str:
    return next(str(action.data()) for action in group.actions() if action.isChecked())


def _describe(widget: QWidget, field: FieldInfo) -> None:
    name(widget, str(field.title), str(field.description))
