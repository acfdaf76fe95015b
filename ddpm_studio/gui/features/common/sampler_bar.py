"""Sampler bar: a row of controls for the sampler settings of a :class:`SamplerRequest`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup, QStandardItemModel
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolButton, QWidget

from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.catalogue import SAMPLERS, Option
from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.gui.features.common.class_choice import ClassChoice
from ddpm_studio.gui.features.common.sampler_fields import (
    FIELDS,
    NUMBER_WIDTH,
    choice,
    describe,
    field_help,
    field_title,
    number,
)
from ddpm_studio.gui.features.common.steps_choice import StepsChoice
from ddpm_studio.gui.features.common.weights_choice import WeightsChoice
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.forms.glossary_link import TermLabel
from ddpm_studio.gui.widgets.forms.number_boxes import FloatBox
from ddpm_studio.gui.widgets.forms.seed_box import SeedBox
from ddpm_studio.gui.widgets.layout.basics import label, name, tool_button
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, inline_group
from ddpm_studio.gui.widgets.layout.menu_heading import add_heading

_OPTION_DECIMALS = 3
# Added to the width of the text of a closed combo box.
_ARROW_WIDTH = 54


class SamplerBar(QWidget):
    """Controls for sampler, steps, η, seed and weights; rarely used ones are in a menu at the end.

    Class and guidance are shown for a class-conditional model, the EMA length for a run with EMA
    snapshots.

    Args:
        steps: initial number of steps; 0: the sampler's default.
        eta: initial η.
        sampler: initial sampler.
        min_eta: smallest η that can be chosen.
        fixed: whether the sampler is fixed: then sampler, η and respacing are not shown.
        brief: show only sampler, steps and η, next to a bar that has the rest.
        offer_all_classes: whether to offer all classes in turn, as for samples.
        offer_picture_classes: whether to offer the classes of the source pictures.
        without_layout: create no layout, because a drawer lays out the controls.
        several: whether several pictures are drawn from one x_t, for which a few-step student
            needs at least two steps.
        parent: the owner.
    """

    changed = Signal()
    offered = Signal()
    """Another model is open: the choices offered, or the current ones, may have changed."""

    def __init__(
        self,
        steps: int = 25,
        eta: float = 0.0,
        sampler: str = "dpm++2m-sde",
        min_eta: float = 0.0,
        fixed: bool = False,
        brief: bool = False,
        offer_all_classes: bool = False,
        offer_picture_classes: bool = False,
        without_layout: bool = False,
        several: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._fixed, self._brief = fixed, brief
        self._min_steps = 2 if several else 1
        # Sampler and steps for ordinary models, remembered while a few-step student is open.
        self._ordinary_choice: dict[str, Any] | None = None
        self._student_choice: tuple[str, int | None] | None = None
        self.sampler = choice("sampler", sampler)
        self._steps = StepsChoice(steps)
        self.steps, self.respacing = self._steps.box, self._steps.line
        self.respace = self._steps.respace
        self.eta = number("eta", min_eta, 1, 0.1, eta)
        self.seed = SeedBox()
        describe(self.seed, "seed")
        self.new_seed_button = tool_button("dice-5", self.tr("Another seed"))
        self.variance, self.precision, self.clip, more_button = self._more_menu()
        # The open model's defaults for clipping x̂₀ and for the variance.
        self._model_clips = self.clip.isChecked()
        self._model_variance = _checked(self.variance)
        self._eta_label = TermLabel("η", "eta")
        self.options = {key: self._option(option) for key, option in _other_options().items()}
        self._classes = ClassChoice(self, offer_all_classes, offer_picture_classes)
        self._weights = WeightsChoice()
        self.class_label, self.guidance = self._classes.class_label, self._classes.guidance
        self.rescale = self._classes.rescale
        self.weights, self.ema_length = self._weights.box, self._weights.length
        self._lay_out(more_button, without_layout)
        self.setAccessibleName(self.tr("Sampler"))
        self.sampler.currentIndexChanged.connect(self._on_sampler)
        self.eta.valueChanged.connect(self.changed)
        for part in (self._steps, self.seed, self._classes, self._weights):
            part.changed.connect(self.changed)
        self.new_seed_button.clicked.connect(self.seed.randomize)
        self._follow_sampler()

    def _lay_out(self, more_button: QToolButton, without_layout: bool) -> None:
        classes = dict(zip(("class", "guidance"), self._classes.parts, strict=True))
        options = {
            key: inline_group(label(box.accessibleName(), "muted"), box)
            for key, box in self.options.items()
        }
        self._option_groups = options
        eta_group = inline_group(self._eta_label, self.eta)
        seed = inline_group(TermLabel(self.tr("seed"), "seed"), self.seed, self.new_seed_button)
        first = {"sampler": self.sampler, "steps": self._steps, "eta": eta_group}
        rest = {"weights": inline_group(self._weights, more_button)}
        self.groups: dict[str, QWidget] = {**first, **options, "seed": seed, **classes, **rest}
        """The groups of controls, by setting."""
        hidden = (
            *((self.sampler, eta_group) if self._fixed else ()),
            *((seed, *rest.values()) if self._brief else ()),
        )
        # A widget without a parent must not be shown: it would be a window of its own.
        for part in hidden:
            part.hide()
        if without_layout:
            return
        layout = FlowLayout(parent=self)
        for part in self.groups.values():
            layout.addWidget(part)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def value(self) -> dict[str, Any]:
        """Return the fields of a :class:`SamplerRequest`, except for device and checkpoint.

        If the sampler is fixed, those of a :class:`DrawRequest`. A brief bar returns the fields
        that it shows, and overrides ``respacing`` and ``sampler_options`` of the bar next to it.
        """
        chosen: dict[str, Any] = (
            {}
            if self._fixed
            else {
                "sampler": self.sampler.currentData(),
                "eta": round(self.eta.value(), 2),
            }
        )
        chosen |= self._steps.value()
        options = {} if self._fixed else self._chosen_options()
        if self._brief:
            return {"respacing": None, **chosen, "sampler_options": options}
        # Like the request itself: present only if there are any.
        if options:
            chosen["sampler_options"] = options
        # Else the request has the default, whatever was chosen for the model before.
        if self.variance.isEnabled():
            chosen["variance"] = _checked(self.variance)
        return chosen | {
            "precision": _checked(self.precision),
            "seed": self.seed.value,
            "clip_x0": self.clip.isChecked(),
            **self._weights.value(),
            **self._classes.value(),
        }

    @property
    def is_fixed(self) -> bool:
        """Whether the sampler is fixed."""
        return self._fixed

    @property
    def is_student(self) -> bool:
        """Whether the open model is a few-step student, which works only with its own sampler."""
        return self._ordinary_choice is not None

    @property
    def number_of_steps(self) -> int:
        """The chosen number of steps; 0: the sampler's default."""
        return self._steps.number

    @property
    def summary(self) -> str:
        """Short summary of sampler, steps and η, such as ``DDIM · 50``."""
        eta = f" · η {self.eta.text()}" if self.eta.isEnabled() and self.eta.value() else ""
        return f"{self.sampler.currentText()} · {self._steps.summary}{eta}"

    def set_value(self, fields: Mapping[str, Any]) -> None:
        """Set the controls from fields as :meth:`value` returns them; emits ``changed`` once.

        Controls without a field stay unchanged, and so does a variance that can't be chosen: its
        field has no effect, and is no choice for the next model.
        """
        blocked = self.blockSignals(True)
        previous = self.value()
        if "sampler" in fields:
            self.sampler.setCurrentIndex(max(0, self.sampler.findData(fields["sampler"])))
        for part in (self._steps, self._weights, self._classes):
            part.set_value(fields)
        self.eta.setValue(fields.get("eta", self.eta.value()))
        if "sampler" in fields or "sampler_options" in fields:
            self._set_options(fields.get("sampler_options", {}))
        self.seed.set_value(fields.get("seed", self.seed.value))
        self.clip.setChecked(fields.get("clip_x0", self.clip.isChecked()))
        if self.variance.isEnabled():
            _check(self.variance, fields.get("variance"))
        _check(self.precision, fields.get("precision"))
        self.blockSignals(blocked)
        if self.value() != previous:
            self.changed.emit()

    def follow(self, view: RunView) -> None:
        """Adapt to a run's model: its timesteps, classes, EMA snapshots and sampler.

        Clipping of x̂₀ and the variance follow the model's defaults until a person chooses
        otherwise; a variance can't be chosen where the model takes no other.
        """
        self.set_timesteps(view.summary.timesteps)
        summary = view.summary
        if self.clip.isChecked() == self._model_clips:
            self.clip.setChecked(summary.clip_x0)
        self._model_clips = summary.clip_x0
        self.variance.setEnabled(summary.variance is not None)
        if summary.variance is not None:
            if _checked(self.variance) == self._model_variance:
                _check(self.variance, summary.variance)
            self._model_variance = summary.variance
        self._classes.set_classes(
            summary.known_classes,
            any_class=not summary.needs_class,
            guidable=summary.guidable,
            guidance=summary.guidance,
        )
        self._weights.set_has_raw_weights(summary.title is None)
        self._weights.set_has_snapshots(view.has_averages)
        steps = view.summary.sampler_steps
        self.set_student(summary.sampler, None if steps is None else max(steps, self._min_steps))
        self.offered.emit()

    def set_timesteps(self, timesteps: int) -> None:
        """Limit the steps to the model's timesteps T; a larger choice is remembered."""
        self._steps.set_timesteps(timesteps)

    def set_student(self, sampler: str | None, steps: int | None) -> None:
        """Enable the samplers that suit the model: a few-step student's own, or all ordinary ones.

        When the model changes from ordinary to student, the choice is replaced by the student's
        sampler and steps, and restored with the next ordinary model. Another student brings its
        own.
        """
        model = self.sampler.model()
        assert isinstance(model, QStandardItemModel)
        for row in range(self.sampler.count()):
            is_suitable = SAMPLERS[self.sampler.itemData(row)].few_step == (sampler is not None)
            model.item(row).setEnabled(is_suitable)
        previous = self._student_choice
        self._student_choice = None if sampler is None else (sampler, steps)
        if self._student_choice == previous:
            return
        blocked = self.blockSignals(True)
        if sampler is not None:
            if self._ordinary_choice is None:
                self._ordinary_choice = {
                    "sampler": self.sampler.currentData(),
                    **self._steps.unclamped_value(),
                }
            new_choice: dict[str, Any] = {
                "sampler": sampler,
                "steps": None if self._fixed else steps,
            }
        else:
            assert self._ordinary_choice is not None
            new_choice, self._ordinary_choice = self._ordinary_choice, None
        self.sampler.setCurrentIndex(self.sampler.findData(new_choice["sampler"]))
        self._steps.set_value(new_choice)
        self.blockSignals(blocked)

    @property
    def classes(self) -> ClassChoice:
        """Controls for class label and guidance."""
        return self._classes

    def _option(self, option: Option) -> FloatBox:
        box = FloatBox(option.low, option.high, (option.high - option.low) / 10)
        box.setValue(option.default)
        box.setFixedWidth(NUMBER_WIDTH)
        box.setKeyboardTracking(False)
        box.valueChanged.connect(self.changed)
        name(box, translated(option.title), translated(option.help))
        return box

    def _chosen_options(self) -> dict[str, float]:
        """Options of the sampler without a request field of their own that differ from defaults."""
        return {
            option.name: round(self.options[option.name].value(), _OPTION_DECIMALS)
            for option in SAMPLERS[self.sampler.currentData()].options
            if option.name in self.options and self.options[option.name].value() != option.default
        }

    def _set_options(self, given: Mapping[str, float]) -> None:
        for option in SAMPLERS[self.sampler.currentData()].options:
            if option.name in self.options:
                self.options[option.name].setValue(given.get(option.name, option.default))

    def _more_menu(self) -> tuple[QActionGroup, QActionGroup, QAction, QToolButton]:
        button = tool_button("sliders-horizontal", self.tr("More sampler settings"))
        menu = QMenu(button)
        groups = [self._group(menu, field) for field in ("variance", "precision")]
        menu.addSeparator()
        clip = menu.addAction(field_title("clip_x0"))
        clip.setCheckable(True)
        clip.setChecked(True)
        clip.setToolTip(field_help("clip_x0"))
        if not self._fixed:
            menu.addAction(self.respace)
        menu.setToolTipsVisible(True)
        for group in groups:
            group.triggered.connect(self.changed)
        clip.triggered.connect(self.changed)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return groups[0], groups[1], clip, button

    def _group(self, menu: QMenu, field: str) -> QActionGroup:
        """Add a section to the menu, with one checkable action for each value of the field."""
        field_info = FIELDS[field]
        add_heading(menu, field_title(field))
        group = QActionGroup(menu)
        for option in choices_of(field_info):
            action = menu.addAction(translated(option.title))
            action.setCheckable(True)
            action.setData(option.value)
            action.setChecked(option.value == field_info.default)
            action.setToolTip(translated(option.help or str(field_info.description)))
            group.addAction(action)
        return group

    def _on_sampler(self) -> None:
        self._follow_sampler()
        self.changed.emit()

    def _follow_sampler(self) -> None:
        # The open list is as wide as the longest name, the closed box only as the current one.
        text_width = self.sampler.fontMetrics().horizontalAdvance(self.sampler.currentText())
        self.sampler.setFixedWidth(text_width + _ARROW_WIDTH)
        chosen = SAMPLERS[self.sampler.currentData()]
        self.eta.setEnabled(chosen.uses_eta)
        for option in chosen.options:
            if option.name in self.options:
                self.options[option.name].set_limits(option.low, option.high)
        for key, group in self._option_groups.items():
            group.setVisible(chosen.accepts(key) and not self._fixed)


def _other_options() -> dict[str, Option]:
    """Options of all samplers that have no request field of their own, by name."""
    options = [option for sampler in SAMPLERS.values() for option in sampler.options]
    return {option.name: option for option in options if option.name not in FIELDS}


def _check(group: QActionGroup, value: object) -> None:
    """Check the action of a value; none if the value has no action."""
    for action in group.actions():
        if action.data() == value:
            action.setChecked(True)


def _checked(group: QActionGroup) -> str:
    return next(str(action.data()) for action in group.actions() if action.isChecked())
