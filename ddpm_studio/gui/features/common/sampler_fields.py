"""Input widgets for single fields of a :class:`SamplerRequest`."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QWidget

from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.gui.widgets.forms.choices import add_choices, set_name_from_field, translated
from ddpm_studio.gui.widgets.forms.combo_boxes import WidePopupComboBox
from ddpm_studio.gui.widgets.forms.number_boxes import FloatBox
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel
from ddpm_studio.requests import SamplerRequest

FIELDS = SamplerRequest.model_fields
NUMBER_WIDTH = 72


def field_title(field: str) -> str:
    """Return the title of a field, translated."""
    return translated(str(FIELDS[field].title))


def field_help(field: str) -> str:
    """Return the description of a field, translated."""
    return translated(str(FIELDS[field].description))


def describe(widget: QWidget, field: str) -> None:
    """Set a widget's name and tool tip from a field, and ignore the mouse wheel on it."""
    set_name_from_field(widget, FIELDS[field])
    ignore_unfocused_wheel(widget)


def choice(field: str, first: str) -> QComboBox:
    """Return a combo box of a field's choices, with ``first`` selected."""
    box = WidePopupComboBox()
    add_choices(box, choices_of(FIELDS[field]))
    box.setCurrentIndex(box.findData(first))
    describe(box, field)
    return box


def number(field: str, low: float, high: float, step: float, first: float) -> FloatBox:
    """Return a number box for a field, with range, step and initial value."""
    box = FloatBox(low, high, step)
    box.setValue(first)
    box.setFixedWidth(NUMBER_WIDTH)
    box.setKeyboardTracking(False)
    describe(box, field)
    return box
