"""Drawer: a panel of rarely used settings that overlays the pictures, opened by a button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label, name, tool_button
from ddpm_studio.gui.widgets.layout.overlay import Overlay
from ddpm_studio.gui.widgets.layout.scroll_areas import VerticalScrollArea

WIDTH = 336


class Drawer(QFrame):
    """Overlay panel at the right side of a widget, which does not change the layout.

    ``button`` toggles it; its close button closes it, and so does Escape wherever the focus is
    within the common ancestor of the button and the owner.

    Args:
        owner: the widget to overlay; it becomes the parent.
        title: text of the button and heading of the drawer.
        tip: one line for the button's tooltip.
        icon: icon of the button.
    """

    def __init__(
        self, owner: QWidget, title: str, tip: str, icon: str = "sliders-horizontal"
    ) -> None:
        super().__init__(owner)
        self._owner = owner
        self.setProperty("role", "drawer")
        self.setAccessibleName(title)
        self.button = QToolButton()
        self.button.setText(title)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setCheckable(True)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_icon(self.button, icon)
        name(self.button, title, tip)
        self.button.toggled.connect(self._open)
        close = tool_button("x", self.tr("Close"), self.tr("Close this drawer"))
        close.clicked.connect(self.close_drawer)
        top = QHBoxLayout()
        top.addWidget(label(title, "heading"), 1)
        top.addWidget(close)
        body = QWidget()
        self._body = body
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(0, 0, SPACE_S, 0)
        self.column.setSpacing(SPACE_M)
        self._hosted_column = QVBoxLayout()
        self._hosted_column.setSpacing(SPACE_M)
        self.column.addLayout(self._hosted_column)
        self.column.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_M + SPACE_S, SPACE_S, SPACE_S, SPACE_M)
        layout.setSpacing(SPACE_S)
        layout.addLayout(top)
        layout.addWidget(VerticalScrollArea(body, title), 1)
        margins = layout.contentsMargins()
        self._frame_size = QSize(
            margins.left() + margins.right() + 2,
            margins.top() + margins.bottom() + SPACE_S + top.sizeHint().height() + 2,
        )
        self._overlay = Overlay(self, self._reposition)
        self._overlay.attach_to(owner)
        self._common_ancestor: QWidget | None = None
        self.hide()
        # Deferred: a control that was added or removed must be laid out first.
        self._fit_timer = QTimer(self, singleShot=True)
        self._fit_timer.timeout.connect(self._reposition)

    def close_drawer(self) -> None:
        """Close the drawer and give the focus back to its button."""
        self.button.setChecked(False)
        self.button.setFocus(Qt.FocusReason.OtherFocusReason)

    def add(self, part: QWidget, sentence: str = "") -> ExplainedControl:
        """Append a control with an explanation below it."""
        row = ExplainedControl(part, sentence)
        self.column.insertWidget(self.column.count() - 1, row)
        return row

    def host_control(self, part: QWidget, sentence: str, index: int) -> ExplainedControl:
        """Host a control that has no room elsewhere, until :meth:`ExplainedControl.release`.

        Args:
            part: the control.
            sentence: what it does.
            index: index among the hosted controls, from the top.
        """
        row = ExplainedControl(part, sentence)
        self._hosted_column.insertWidget(index, row)
        self._fit_timer.start()
        return row

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter of the common ancestor: close on an Escape that no child handled."""
        if (
            watched is self._common_ancestor
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
        ):
            self.close_drawer()
            return True
        return super().eventFilter(watched, event)

    def _open(self, opened: bool) -> None:
        self.setVisible(opened)
        self._reposition()
        if opened:
            self._overlay.reposition_others()
        if self._common_ancestor is not None:
            self._common_ancestor.removeEventFilter(self)
        self._common_ancestor = self._find_common_ancestor() if opened else None
        if self._common_ancestor is not None:
            self._common_ancestor.installEventFilter(self)

    def _find_common_ancestor(self) -> QWidget:
        """Return the closest common ancestor of the owner and the button."""
        ancestor = self._owner
        while (parent := ancestor.parentWidget()) and not ancestor.isAncestorOf(self.button):
            ancestor = parent
        return ancestor

    def _reposition(self) -> None:
        width = min(WIDTH, self._owner.width())
        content_width = width - self._frame_size.width()
        content_height = self.column.heightForWidth(content_width)
        content_height = max(content_height, self._body.minimumSizeHint().height())
        height = min(self._owner.height(), content_height + self._frame_size.height())
        self.setGeometry(self._owner.width() - width, self._owner.height() - height, width, height)
        self.raise_()


class ExplainedControl(QWidget):
    """Control with an explanation below it, shown and hidden together with the control.

    Args:
        part: the control.
        sentence: what it does.
    """

    def __init__(self, part: QWidget, sentence: str) -> None:
        super().__init__()
        self._part = part
        self.sentence_label = label(sentence, "caption", wrap=True)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        hidden = is_explicitly_hidden(part)
        row = self._row = QHBoxLayout()
        row.addWidget(part)
        row.addStretch()
        column.addLayout(row)
        column.addWidget(self.sentence_label)
        self.sentence_label.setVisible(bool(sentence))
        part.installEventFilter(self)
        # Not shown here: a widget without a parent would appear as a top-level window.
        if hidden:
            self.hide()

    def release(self) -> None:
        """Release the control, for the caller to insert elsewhere, and delete this row."""
        self._part.removeEventFilter(self)
        self._row.removeWidget(self._part)
        self.hide()
        self.deleteLater()

    def add(self, widget: QWidget) -> None:
        """Append a widget below the explanation."""
        self._column.addWidget(widget)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter of the control: show and hide the row with it."""
        if watched is self._part:
            if event.type() == QEvent.Type.HideToParent:
                self.hide()
            elif event.type() == QEvent.Type.ShowToParent:
                self.show()
        return super().eventFilter(watched, event)


def is_explicitly_hidden(widget: QWidget) -> bool:
    """Whether a widget was hidden explicitly, as opposed to not shown yet."""
    explicit = Qt.WidgetAttribute.WA_WState_ExplicitShowHide
    return widget.isHidden() and widget.testAttribute(explicit)
