"""Form generated from a request: its fields are described once, in the pydantic model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ddpm_studio.catalogue.fields import entry_options, options_from
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.forms.editors import Editor, editor_for, options_editor, range_text
from ddpm_studio.gui.widgets.forms.options_box import OptionsBox
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, label, name, set_property
from ddpm_studio.validation import first_problem, reword_message

Model = TypeVar("Model", bound=BaseModel)


class RequestForm(QWidget, Generic[Model]):
    """Form that edits the fields of a pydantic model.

    ``changed`` is emitted for each change by the user or by :meth:`set_value`. Validation errors
    are shown below their fields.

    Args:
        model: the model class.
        fields: which fields to show, in this order; None: all that a form can edit and that are
            not in ``more_fields``.
        more_fields: fields in the collapsible section "More".
        parent: the owner.
    """

    changed = Signal()

    def __init__(
        self,
        model: type[Model],
        fields: Sequence[str] | None = None,
        more_fields: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._editors: dict[str, Editor] = {}
        self._errors: dict[str, QLabel] = {}
        self._checks: dict[str, TypeAdapter[Any]] = {}
        self._other_values: dict[str, Any] = {}
        self._options: dict[str, tuple[OptionsBox, QLabel]] = {}
        self._layout = _rows()
        self._more_layout = _rows()
        self._more = QWidget()
        self._more.setLayout(self._more_layout)
        self.more_button = self._make_more_button()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(SPACE_S + 2)
        outer.addLayout(self._layout)
        outer.addWidget(self.more_button, alignment=Qt.AlignmentFlag.AlignLeft)
        outer.addWidget(self._more)
        if fields is None:
            fields = [key for key in model.model_fields if key not in more_fields]
        for key in fields:
            self._add(key, self._layout)
        for key in more_fields:
            self._add(key, self._more_layout)
        self._update_dependent_fields()
        self.more_button.setVisible(bool(more_fields))
        self._more.hide()

    @property
    def fields(self) -> list[str]:
        """The names of the form's fields, in order."""
        return list(self._editors)

    @property
    def titles(self) -> list[str]:
        """The translated titles of the form's fields, in order."""
        return [self._title(key) for key in self._editors]

    def editor(self, key: str) -> QWidget:
        """Return the widget that edits a field; KeyError if the form lacks it."""
        return self._editors[key].focus

    def values(self) -> dict[str, Any]:
        """Return the values of all fields, whether valid or not."""
        return {
            **self._other_values,
            **{key: editor.read() for key, editor in self._editors.items()},
        }

    def value(self, **other_values: object) -> Model:
        """Return the validated request.

        Args:
            other_values: values that replace those of the form, or of fields that it does not edit.

        Raises:
            StudioError: a value is invalid; the error is also shown below its field.
        """
        try:
            request = self._model.model_validate({**self.values(), **other_values})
        except ValidationError as error:
            raise StudioError(*self.show_errors(error)) from None
        self._clear_errors()
        return request

    def set_value(self, value: BaseModel | Mapping[str, Any]) -> None:
        """Set the fields from a request, or from some of its values.

        Values of fields that the form does not edit are kept for :meth:`value`.
        """
        given: dict[str, Any] = dict(value)
        previous_values = self.values()
        blocked = self.blockSignals(True)
        for key, new_value in given.items():
            if key in self._editors:
                self._editors[key].write(new_value)
            elif key in self._model.model_fields:
                self._other_values[key] = new_value
        self.blockSignals(blocked)
        for key in self._editors:
            self._check(key)
        if self.values() != previous_values:
            self.changed.emit()

    def reset(self) -> None:
        """Reset all fields to the model's defaults."""
        self._other_values.clear()
        self.set_value(self._defaults())

    def errors(self) -> dict[str, str]:
        """Return the errors shown, by field; empty if the form is valid."""
        return {
            key: error_label.text()
            for key, error_label in self._errors.items()
            if error_label.text()
        }

    def show_error(self, key: str, text: str) -> None:
        """Show an error below a field; an empty text clears it."""
        error_label = self._errors[key]
        error_label.setText(text)
        error_label.setVisible(bool(text))
        set_property(self._editors[key].focus, "invalid", "true" if text else "false")
        if text and self._more.isAncestorOf(self._editors[key].widget):
            self.more_button.setChecked(True)

    def show_errors(self, error: ValidationError) -> tuple[str, str]:
        """Show a validation's errors below their fields; return (cause, remedy) of the first."""
        self._clear_errors()
        first = ""
        for found in error.errors():
            text = reword_message(str(found["msg"]))
            key = str(found["loc"][0]) if found["loc"] else ""
            if key in self._errors:
                self.show_error(key, text)
            first = first or (f"{self._title(key)}: {text}" if key else text)
        return f"{first}.", self.tr("Change it in the form.")

    def set_enabled(self, key: str, enabled: bool) -> None:
        """Enable or disable a field; KeyError if the form lacks it."""
        self._editors[key].widget.setEnabled(enabled)

    def _add(self, key: str, rows: QFormLayout) -> None:
        field = self._model.model_fields[key]
        options = entry_options(self._model, key)
        box = OptionsBox(options) if options else None
        editor = options_editor(box) if box else editor_for(field)
        if editor is None:
            return
        title = self._title(key)
        dependency = _dependency(field)
        dependency_text = (
            self.tr("Only with “{0}”.").format(self._title(dependency)) if dependency else ""
        )
        tip_parts = (translated(field.description or ""), range_text(field), dependency_text)
        tip = " ".join(part for part in tip_parts if part)
        name(editor.focus, title, tip)
        ignore_unfocused_wheel(editor.focus)
        if not field.is_required():
            editor.write(field.get_default(call_default_factory=True))
        error_label = label("", "danger", wrap=True)
        error_label.hide()
        self._editors[key], self._errors[key] = editor, error_label
        self._checks[key] = TypeAdapter(_annotated(field))
        cell = QVBoxLayout()
        cell.setContentsMargins(0, 0, 0, 0)
        cell.setSpacing(2)
        cell.addWidget(editor.widget)
        cell.addWidget(error_label)
        if editor.has_own_label:
            # A full-width row, as a long caption may not fit in the field column.
            rows.addRow(cell)
        else:
            caption = label(title, "muted")
            caption.setBuddy(editor.focus)
            caption.setToolTip(tip)
            rows.addRow(caption, cell)
            if box:
                self._options[key] = box, caption
        editor.changed.connect(_Relay(self, key).on_changed)

    def on_changed(self, key: str) -> None:
        """Validate a field that has changed, and emit ``changed``."""
        self._check(key)
        self.changed.emit()

    def _check(self, key: str) -> None:
        try:
            self._checks[key].validate_python(self._editors[key].read())
        except ValidationError as error:
            self.show_error(key, first_problem(error))
        else:
            self.show_error(key, "")
        self._update_dependent_fields()

    def _update_dependent_fields(self) -> None:
        """Enable and show dependent fields only while the field they depend on applies."""
        for key, editor in self._editors.items():
            dependency = _dependency(self._model.model_fields[key])
            if dependency in self._editors:
                # None leaves it to the job, which may turn it on.
                editor.widget.setEnabled(self._editors[dependency].read() in (True, None))
        for key, (box, caption) in self._options.items():
            source = self._editors.get(options_from(self._model.model_fields[key]))
            has_options = box.show_entry(source.read() if source else "")
            box.setVisible(has_options)
            caption.setVisible(has_options)

    def _clear_errors(self) -> None:
        for key in self._errors:
            self.show_error(key, "")

    def _defaults(self) -> dict[str, Any]:
        return {
            key: field.get_default(call_default_factory=True)
            for key, field in self._model.model_fields.items()
            if not field.is_required()
        }

    def _title(self, key: str) -> str:
        field = self._model.model_fields.get(key)
        return translated((field.title if field else "") or key.replace("_", " "))

    def _make_more_button(self) -> QToolButton:
        button = QToolButton()
        button.setText(self.tr("More"))
        button.setCheckable(True)
        button.setProperty("role", "fold")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_icon(button, "chevron-right", "muted")
        name(button, self.tr("More"), self.tr("Show what is rarely changed"))
        button.toggled.connect(self._show_more)
        return button

    def _show_more(self, unfolded: bool) -> None:
        self._more.setVisible(unfolded)
        set_icon(self.more_button, "chevron-down" if unfolded else "chevron-right", "muted")


class _Relay(QObject):
    """Relays an editor's signal to the form, with the field's name."""

    def __init__(self, form: RequestForm[Any], key: str) -> None:
        super().__init__(form)
        self._form, self._key = form, key

    def on_changed(self) -> None:
        self._form.on_changed(self._key)


def _dependency(field: FieldInfo) -> str:
    """Return the name of the field that this one depends on; empty if none."""
    schema = field.json_schema_extra
    return str(schema.get("only_with", "")) if isinstance(schema, dict) else ""


def _rows() -> QFormLayout:
    rows = QFormLayout()
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setHorizontalSpacing(SPACE_M)
    rows.setVerticalSpacing(SPACE_S + 2)
    rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    rows.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return rows


def _annotated(field: FieldInfo) -> Any:
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
