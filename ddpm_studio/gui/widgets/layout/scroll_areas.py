"""Vertical scroll areas, never narrower than the content's minimum width."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ddpm_studio.gui.widgets.layout.basics import name

# Changes of the scroll bar at one viewport size before its width is always reserved.
_MAX_TOGGLES = 20


class VerticalScrollArea(QScrollArea):
    """Scroll area that shows its content at its preferred height, and scrolls vertically.

    Args:
        content: the widget to scroll; it has a layout.
        title: accessible name.
        max_content_width: upper limit of the minimum width, in pixels, without the scroll bar.
        parent: the owner.
    """

    def __init__(
        self,
        content: QWidget,
        title: str,
        max_content_width: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._content, self._max_content_width = content, max_content_width
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        name(self, title)
        self.setToolTip("")
        self.verticalScrollBar().setAccessibleName(title)
        self.setWidget(content)

    def minimumSizeHint(self) -> QSize:
        """Return the minimum width of the content plus the scroll bar's width."""
        width = self.full_width()
        if self._max_content_width is not None:
            # Before the style sheet is applied, controls report larger hints than they need.
            width = min(width, self._max_content_width + self._bar_width())
        return QSize(width, super().minimumSizeHint().height())

    def full_width(self) -> int:
        """Return the minimum width, in pixels, at which no content is cut off."""
        return self._content.minimumSizeHint().width() + self._bar_width()

    def _bar_width(self) -> int:
        return self.verticalScrollBar().sizeHint().width()


class FillingScrollArea(VerticalScrollArea):
    """Scroll area whose content, a column, fills it; scrolls only below its minimum height."""

    def __init__(self, content: QWidget, title: str, parent: QWidget | None = None) -> None:
        super().__init__(content, title, parent=parent)
        # By default Qt scrolls already below the preferred height if rows have height-for-width.
        self.setWidgetResizable(False)
        self._viewport_size, self._has_scroll_bar, self._toggle_count = QSize(), False, 0
        content.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the content to the new size."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter of the content: fit it again when its layout has changed."""
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        layout, viewport_size = self._content.layout(), self.maximumViewportSize()
        assert isinstance(layout, QVBoxLayout)
        if viewport_size != self._viewport_size:
            self._viewport_size, self._toggle_count = viewport_size, 0
        width, min_height = viewport_size.width(), _minimum_height(layout, viewport_size.width())
        needs_scroll_bar = min_height > viewport_size.height()
        self._toggle_count += needs_scroll_bar != self._has_scroll_bar
        # Content that is higher when wider may fit only with the bar: prevent endless toggling.
        self._has_scroll_bar = needs_scroll_bar or self._toggle_count > _MAX_TOGGLES
        if self._has_scroll_bar:
            width -= self.verticalScrollBar().sizeHint().width()
            min_height = _minimum_height(layout, width)
        self._content.resize(width, max(viewport_size.height(), min_height))


def _minimum_height(column: QVBoxLayout, width: int) -> int:
    """Return the minimum height of a column at a width.

    Qt's own value uses a nested widget's preferred height where its minimum is meant.
    """
    margins = column.contentsMargins()
    content_width = width - margins.left() - margins.right()
    heights = []
    for index in range(column.count()):
        item = column.itemAt(index)
        if item is None or item.isEmpty():
            continue
        widget = item.widget()
        nested = item.layout() if widget is None else widget.layout()
        if nested is not None and nested.hasHeightForWidth():
            height = nested.minimumHeightForWidth(content_width)
        elif item.hasHeightForWidth():
            height = item.heightForWidth(content_width)
        else:
            height = item.minimumSize().height()
        if widget is not None:
            height = min(max(height, widget.minimumHeight()), widget.maximumHeight())
        heights.append(height)
    gaps = column.spacing() * max(0, len(heights) - 1)
    return sum(heights) + gaps + margins.top() + margins.bottom()
