"""Time budget of a training, from which its settings follow."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ddpm_studio.engine.sizes import side_text
from ddpm_studio.gui.features.training.training_form import TrainingForm
from ddpm_studio.gui.features.training.warm_start_choice import WarmStartChoice
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import button, label, name
from ddpm_studio.gui.widgets.layout.eta import format_duration
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout
from ddpm_studio.gui.workspace.machine_meter import MachineMeter
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.training.budget import (
    DEFAULT,
    OFFERED_BUDGETS,
    Budget,
    BudgetPlan,
    choose,
    parse_budget,
)
from ddpm_studio.jobs.training.new_run import LENGTH_FIELDS
from ddpm_studio.picture_shape import ImageSize, sides

_ACCEPTABLE_SECONDS = 20 * 60
# With at most this time, or fewer pictures than this, a warm start is worthwhile.
_SHORT_SECONDS, _FEW_PICTURES = 60 * 60, 5_000


class BudgetChoice(QWidget):
    """Buttons for the time budgets that are offered, and one for custom settings.

    Until the person changes what a budget has decided, the form follows it and the measured speed
    of this machine. Where nothing could be recognised in time, smaller pictures are offered. With a
    warm start the form has the network of its model; choosing another ends the warm start.

    Args:
        studio: has the open pictures, which may be made smaller.
        meter: knows how fast this machine is.
        form: the settings.
        start_from: is offered where the time is short or the pictures are few, and with custom
            settings.
        parent: the owner.
    """

    def __init__(
        self,
        studio: Studio,
        meter: MachineMeter,
        form: TrainingForm,
        start_from: WarmStartChoice,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.start_from = start_from
        self._studio, self._meter, self._form = studio, meter, form
        self.budget: Budget | None = parse_budget(DEFAULT)
        self._applying = False
        self._applied_settings: dict[str, Any] = {}
        self._previous_values = form.values()
        self._smaller: ImageSize | None = None
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        self.smaller = button(
            "",
            self.tr("Prepare the open pictures again, smaller, for a faster training"),
            icon="minimize",
            role="link",
        )
        self.smaller.clicked.connect(self._make_smaller)
        self._build()
        form.changed.connect(self._on_form)
        meter.changed.connect(self._follow)
        self.start_from.changed.connect(self._follow)
        self._follow()

    def choose(self, text: str) -> None:
        """Choose a budget by its name on the command line; an empty text: custom settings."""
        self.budget = parse_budget(text) if text else None
        self._follow()

    def _build(self) -> None:
        titles = {
            "night": (self.tr("Night"), self.tr("Eight hours")),
            "paper": (self.tr("Paper"), self.tr("The paper’s network and as many steps")),
            "": (self.tr("Own"), self.tr("Settings of your own")),
        }
        row = FlowLayout(gap=2)
        for text in (*OFFERED_BUDGETS, ""):
            seconds = parse_budget(text).seconds if text else None
            title, tip = titles.get(
                text, (format_duration(seconds or 0), self.tr("Train for so long"))
            )
            tool_button = QToolButton()
            tool_button.setText(title)
            tool_button.setCheckable(True)
            tool_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            name(tool_button, title, tip)
            tool_button.setProperty("budget", text)
            self._group.addButton(tool_button)
            self.buttons[text] = tool_button
            row.addWidget(tool_button)
        self._group.buttonClicked.connect(self._on_clicked)
        heading = QHBoxLayout()
        heading.setSpacing(SPACE_S)
        caption = label(self.tr("Time"), "muted")
        # In line with the first row of buttons, however many there are.
        caption.setMinimumHeight(self.buttons[DEFAULT].sizeHint().height())
        heading.addWidget(caption, 0, Qt.AlignmentFlag.AlignTop)
        heading.addLayout(row, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(heading)
        layout.addWidget(self.smaller, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.start_from)

    def _on_clicked(self, clicked: QToolButton) -> None:
        self.choose(str(clicked.property("budget")))

    def _plan(self) -> BudgetPlan | None:
        speed = self._meter.speed if self._meter.has_speed else None
        if self.budget is None:
            return None
        preset = self.start_from.preset
        return choose(self.budget, speed, preset=preset, pictures=self._meter.pictures)

    def _follow(self) -> None:
        """Set the form to the plan for the budget, as far as that is known by now."""
        self.start_from.set_worthwhile(self._is_start_worthwhile)
        plan, preset = self._plan(), self.start_from.preset
        settings: dict[str, Any] = {} if preset is None else {"preset": preset}
        if plan is not None:
            settings = {**dict.fromkeys(LENGTH_FIELDS), **plan.settings}
        if settings:
            self._applying = True
            self._form.set_value(settings)
            self._applying = False
            values = self._form.values()
            self._applied_settings = {key: values[key] for key in settings}
        self._previous_values = self._form.values()
        self._show()

    def _on_form(self) -> None:
        """Switch to custom settings when the person changes what the budget has decided."""
        if self._applying:
            return
        values, previous = self._form.values(), self._previous_values
        if values["steps"] != previous["steps"] and all(
            values[key] == previous[key] for key in LENGTH_FIELDS
        ):
            # Else the steps would have no effect.
            self._applying = True
            self._form.set_value(dict.fromkeys(LENGTH_FIELDS))
            self._applying = False
            values = self._form.values()
        self._previous_values = values
        if any(values[key] != value for key, value in self._applied_settings.items()):
            self.budget = None
        self._show()

    def _show(self) -> None:
        chosen = self.budget.name if self.budget is not None else ""
        self.buttons[chosen].setChecked(True)
        self.start_from.set_worthwhile(self._is_start_worthwhile)
        own_preset = str(self._form.values()["preset"]) if self.budget is None else None
        self.start_from.set_own_preset(own_preset)
        self._smaller = size = self._smaller_size()
        self.smaller.setVisible(size is not None)
        if size is not None and self._meter.speed is not None:
            text = self.tr("{size} px instead: shapes in about {time}").format(
                size=side_text(*sides(size)), time=format_duration(self._shapes_at(size) or 0)
            )
            self.smaller.setText(text)
            self.smaller.setAccessibleName(text)

    @property
    def _is_start_worthwhile(self) -> bool:
        """Whether a warm start saves much of the training, or custom settings may be for one."""
        if self.budget is None:
            return True
        # A budget without seconds is the paper's training, which is from scratch.
        if self.budget.seconds is None:
            return False
        # While pictures are read their number is unknown: what is ticked stays.
        has_few_pictures = (self._meter.pictures or 0) < _FEW_PICTURES
        return has_few_pictures or self.budget.seconds <= _SHORT_SECONDS

    def _smaller_size(self) -> ImageSize | None:
        """Return a smaller size at which pictures are recognisable in time, where that helps."""
        if self._meter.speed is None or not self._meter.has_speed or self._studio.dataset is None:
            return None
        plan = self._plan() or self._custom_plan(_ACCEPTABLE_SECONDS)
        return plan.smaller

    def _shapes_at(self, size: ImageSize) -> float | None:
        speed = self._meter.speed
        if speed is None:
            return None
        if self.budget is None:
            return self._custom_plan(_ACCEPTABLE_SECONDS, size).shapes
        return choose(self.budget, speed.scaled_to(size), pictures=self._meter.pictures).shapes

    def _custom_plan(self, seconds: float, size: ImageSize | None = None) -> BudgetPlan:
        """Return what the settings shown would come to within ``seconds``."""
        values, speed = self._form.values(), self._meter.speed
        assert speed is not None
        return choose(
            Budget("", seconds),
            speed if size is None else speed.scaled_to(size),
            preset=str(values["preset"]),
            batch_size=int(values["batch_size"]),
        )

    def _make_smaller(self) -> None:
        if self._smaller is not None:
            update = {"image_size": self._smaller}
            self._studio.set_options(self._studio.options.model_copy(update=update))
