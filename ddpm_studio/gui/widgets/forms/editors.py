"""Field editors: the widget for each type of field that a request may have."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication, QSize, SignalInstance
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from ddpm_studio.catalogue.fields import Choice, choices_of
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.forms.choices import add_choices, translated
from ddpm_studio.gui.widgets.forms.colour_button import ColourButton
from ddpm_studio.gui.widgets.forms.folder_box import FolderBox
from ddpm_studio.gui.widgets.forms.number_boxes import FloatBox, IntBox
from ddpm_studio.gui.widgets.forms.options_box import OptionsBox
from ddpm_studio.gui.widgets.forms.seed_box import SeedBox
from ddpm_studio.gui.widgets.layout.basics import tool_button
from ddpm_studio.picture_shape import ImageSize, parse_image_size, sides

_COLOUR = r"^#[0-9a-fA-F]{6}$"
_MIN_SEED_RANGE = 2**31
_EPSILON = 1e-9


@dataclass(frozen=True)
class Editor:
    """Editor of a field: its widget, with functions to read and write the value.

    ``focus`` is the part of ``widget`` that takes the focus; ``changed`` is the signal of a changed
    value; ``has_own_label`` says that the widget shows the field's title itself.
    """

    widget: QWidget
    focus: QWidget
    read: Callable[[], Any]
    write: Callable[[Any], None]
    changed: SignalInstance
    has_own_label: bool = False


@dataclass(frozen=True)
class _Bounds:
    """Bounds of a field's range; ``open_low`` and ``open_high`` exclude the bound itself."""

    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    pattern: str | None = None

    @classmethod
    def of(cls, field: FieldInfo) -> _Bounds:
        found: dict[str, Any] = {}
        for constraint in field.metadata:
            if isinstance(constraint, annotated_types.Ge):
                found["low"] = constraint.ge
            elif isinstance(constraint, annotated_types.Gt):
                found.update(low=constraint.gt, open_low=True)
            elif isinstance(constraint, annotated_types.Le):
                found["high"] = constraint.le
            elif isinstance(constraint, annotated_types.Lt):
                found.update(high=constraint.lt, open_high=True)
            elif getattr(constraint, "pattern", None) is not None:
                found["pattern"] = constraint.pattern
        return cls(**found)


def editor_for(field: FieldInfo) -> Editor | None:
    """Create the editor of a field by its type; None if there is none for the type."""
    kind, optional = _kind(field.annotation)
    bounds = _Bounds.of(field)
    if choices := choices_of(field):
        return _choice(choices, optional)
    if kind is bool:
        return _optional_bool(field) if optional else _checkbox(field)
    if kind is int:
        if not optional and bounds.low == 0 and (bounds.high or 0) >= _MIN_SEED_RANGE:
            return _seed()
        return _integer(bounds, empty_text(field) if optional else None)
    if kind is float:
        return _float(field, bounds, empty_text(field) if optional else None)
    if kind is str and _is_folder(field):
        return _folder()
    if kind == ImageSize:
        return _size()
    if kind is str:
        return _colour() if bounds.pattern == _COLOUR and not optional else _text(optional)
    return None


def options_editor(box: OptionsBox) -> Editor:
    """Return the editor of a catalogue entry's options, a dict of numbers by name."""
    return Editor(box, box, box.value, box.set_value, box.changed)


def range_text(field: FieldInfo) -> str:
    """Return the range of a number as text, such as "1 to 65,536"; empty if unbounded."""
    bounds = _Bounds.of(field)
    low, high = bounds.low, bounds.high
    if high is not None and high >= _MIN_SEED_RANGE:
        high = None
    if low is not None and high is not None:
        return _tr("{low} to {high}").format(low=f"{low:,}", high=f"{high:,}")
    if low is not None:
        template = _tr("above {n}") if bounds.open_low else _tr("{n} or more")
        return template.format(n=f"{low:,}")
    if high is not None:
        template = _tr("below {n}") if bounds.open_high else _tr("{n} at most")
        return template.format(n=f"{high:,}")
    return ""


def empty_text(field: FieldInfo) -> str:
    """Return the text of an empty optional field: "auto", unless the field specifies another."""
    schema = field.json_schema_extra
    text = schema.get("empty") if isinstance(schema, dict) else None
    return translated(text) if isinstance(text, str) else _tr("auto")


def range_of(field: FieldInfo) -> tuple[float, float]:
    """Return the bounds (low, high) of a number field.

    Raises:
        ValueError: a bound is missing.
    """
    bounds = _Bounds.of(field)
    if bounds.low is None or bounds.high is None:
        raise ValueError(f"{field.title} has no range")
    return bounds.low, bounds.high


def _choice(choices: Sequence[Choice], optional: bool) -> Editor:
    box = QComboBox()
    if optional:
        box.addItem(_tr("auto"), None)
    add_choices(box, choices)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def write(value: object) -> None:
        box.setCurrentIndex(box.findData(value))

    return Editor(box, box, box.currentData, write, box.currentIndexChanged)


def _checkbox(field: FieldInfo) -> Editor:
    box = QCheckBox(translated(field.title or ""))

    def write(value: object) -> None:
        box.setChecked(bool(value))

    return Editor(box, box, box.isChecked, write, box.toggled, has_own_label=True)


def _optional_bool(field: FieldInfo) -> Editor:
    box = QComboBox()
    for text, value in ((empty_text(field), None), (_tr("yes"), True), (_tr("no"), False)):
        box.addItem(text, value)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def write(value: object) -> None:
        box.setCurrentIndex(box.findData(value))

    return Editor(box, box, box.currentData, write, box.currentIndexChanged)


def _seed() -> Editor:
    row = QWidget()
    box = SeedBox()
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    dice = tool_button("dice-5", _tr("Another seed"))
    dice.clicked.connect(box.randomize)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SPACE_S)
    layout.addWidget(box, 1)
    layout.addWidget(dice)

    def read() -> int:
        return box.value

    return Editor(row, box, read, box.set_value, box.changed)


def _integer(bounds: _Bounds, empty: str | None) -> Editor:
    low = -_MIN_SEED_RANGE + 2 if bounds.low is None else int(bounds.low) + bounds.open_low
    high = (
        None
        if bounds.high is None
        else min(int(bounds.high) - bounds.open_high, _MIN_SEED_RANGE - 1)
    )
    box = IntBox(low, high, empty)
    _allow_shrinking(box)
    return Editor(box, box, box.number, box.set_number, box.valueChanged)


def _float(field: FieldInfo, bounds: _Bounds, empty: str | None) -> Editor:
    low = -1e9 if bounds.low is None else bounds.low + (_EPSILON if bounds.open_low else 0)
    high = None if bounds.high is None else bounds.high - (_EPSILON if bounds.open_high else 0)
    # A number above an open bound, such as 0, is a scale: its steps are relative.
    step = None if bounds.open_low else _step(field.default)
    box = FloatBox(low, high, step, empty)
    _allow_shrinking(box)
    return Editor(box, box, box.number, box.set_number, box.valueChanged)


def _step(default: object) -> float:
    """Return the step of a number: one unit in the default's last decimal, at most 0.1.

    It is 0.05 if there is no float default.
    """
    if not isinstance(default, float):
        return 0.05
    decimals = len(f"{default:.10f}".rstrip("0").partition(".")[2])
    return float(10.0 ** -max(1, decimals))


def _colour() -> Editor:
    button = ColourButton()

    def read() -> str:
        return button.colour

    return Editor(button, button, read, button.set_colour, button.changed)


def _text(optional: bool) -> Editor:
    line = QLineEdit()
    if optional:
        line.setPlaceholderText(_tr("auto"))

    def read() -> str | None:
        return line.text() or (None if optional else "")

    def write(value: str | None) -> None:
        line.setText(value or "")

    return Editor(line, line, read, write, line.textChanged)


def _size() -> Editor:
    line = QLineEdit()
    line.setPlaceholderText(_tr("auto"))

    def read() -> object:
        try:
            return parse_image_size(line.text()) if line.text().strip() else None
        except ValueError:
            return line.text()  # Validation in the form reports the error.

    def write(size: ImageSize | None) -> None:
        # An equal value is not rewritten while being typed, such as "96 x 64".
        if size != read():
            line.setText("" if size is None else side_text(*sides(size)))

    return Editor(line, line, read, write, line.textChanged)


def _folder() -> Editor:
    box = FolderBox()
    return Editor(box, box.line, box.path, box.set_path, box.changed)


def _is_folder(field: FieldInfo) -> bool:
    schema = field.json_schema_extra
    return isinstance(schema, dict) and bool(schema.get("folder"))


def _kind(annotation: Any) -> tuple[Any, bool]:
    """Return an annotation's type without None, and whether it is optional."""
    if get_origin(annotation) in (Union, types.UnionType):
        others = [part for part in get_args(annotation) if part is not types.NoneType]
        if len(others) == 1 and len(get_args(annotation)) == 2:
            kind = others[0]
            return get_args(kind)[0] if get_origin(kind) is Annotated else kind, True
    return annotation, False


def _allow_shrinking(box: QWidget) -> None:
    # The size hint fits the largest number, but a form may be as narrow as its dock.
    box.setMinimumSize(QSize(80, 0))
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def _tr(text: str) -> str:
    return QCoreApplication.translate("RequestForm", text)
