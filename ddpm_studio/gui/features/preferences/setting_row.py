"""Setting row: name, description, editor and reset button of one setting."""

from __future__ import annotations

from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.forms.editors import editor_for
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, label, name, tool_button
from ddpm_studio.gui.workspace.settings import Preferences, Settings, default, section
from ddpm_studio.validation import first_problem

_EDITOR_WIDTH = 240


class SettingRow(QWidget):
    """Edits one setting; each change applies at once.

    Args:
        preferences: what is edited.
        key: the name of the setting.
        parent: the owner.

    Raises:
        TypeError: forms have no editor for a value of its kind.
    """

    def __init__(self, preferences: Preferences, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        field = Settings.model_fields[key]
        editor = editor_for(field)
        if editor is None:
            raise TypeError(f"there is no editor for the setting {key}")
        self._preferences, self.key, self.editor = preferences, key, editor
        self.title = translated(field.title or key)
        self.description = translated(field.description or "")
        if isinstance(editor.focus, QCheckBox):
            # Its name is shown to the left already.
            editor.focus.setText(self.tr("On"))
        name(editor.focus, self.title, self.description)
        ignore_unfocused_wheel(editor.focus)
        editor.widget.setFixedWidth(_EDITOR_WIDTH)
        self.error = label("", "danger", wrap=True)
        self.error.hide()
        self.reset_button = tool_button(
            "rotate-ccw", self.tr("Reset {setting}").format(setting=self.title)
        )
        policy = self.reset_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset_button.setSizePolicy(policy)
        self.reset_button.clicked.connect(self.reset)
        heading = label(self.title, "heading")
        heading.setBuddy(editor.focus)
        text_column = QVBoxLayout()
        text_column.setSpacing(SPACE_S)
        text_column.addWidget(heading)
        text_column.addWidget(label(self.description, "muted", wrap=True))
        text_column.addStretch()
        editor_column = QVBoxLayout()
        editor_column.setSpacing(SPACE_S)
        editor_column.addWidget(editor.widget)
        editor_column.addWidget(self.error)
        editor_column.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, SPACE_M, 0, SPACE_M)
        row.setSpacing(SPACE_M)
        row.addLayout(text_column, 1)
        row.addLayout(editor_column)
        row.addWidget(self.reset_button, alignment=Qt.AlignmentFlag.AlignTop)
        self._show()
        editor.changed.connect(self._on_edited)
        preferences.changed.connect(self._on_changed)

    def matches(self, query: str) -> bool:
        """Whether every word occurs in its name, description or heading."""
        text = f"{self.title} {self.description} {translated(section(self.key))}".casefold()
        return all(word in text for word in query.casefold().split())

    def reset(self) -> None:
        """Reset the setting to its default."""
        self._preferences.set(self.key, default(self.key))
        self._show()

    def _on_edited(self) -> None:
        try:
            self._preferences.set(self.key, self.editor.read())
        except ValidationError as error:
            self._show_error(first_problem(error))
        except ValueError as error:
            self._show_error(str(error))
        else:
            self.error.hide()

    def _show_error(self, message: str) -> None:
        self.error.setText(message)
        self.error.show()

    def _on_changed(self, key: str) -> None:
        if key == self.key:
            self._show()

    def _show(self) -> None:
        value = getattr(self._preferences.now, self.key)
        if self.editor.read() != value:
            self.editor.write(value)
        self.error.hide()
        self.reset_button.setVisible(not self._preferences.is_default(self.key))
