"""Placement of an overlay, such as a message, where it does not cover controls."""

from __future__ import annotations

import math
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QAbstractScrollArea, QHeaderView, QScrollBar, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.overlay import Overlay

# Share of the area: a larger focusable widget counts as content, not as a control.
_LARGE_SHARE = 0.25


def free_rect(widget: QWidget, size: QSize, edge: Qt.Edge, excluded: QWidget) -> QRect:
    """Return the rectangle of an overlay that covers no controls, closest to an edge.

    If there is none, it is the rectangle that covers the least area of controls.

    Args:
        widget: the widget to overlay.
        size: size of the overlay in pixels, no larger than ``widget``.
        edge: the top or the bottom edge of ``widget``.
        excluded: the overlay itself, which is not counted as covered.
    """
    controls = list(_controls(widget, QPoint(), widget.rect(), excluded))
    at_top = edge is Qt.Edge.TopEdge
    low, high = SPACE_M, max(SPACE_M, widget.height() - SPACE_M - size.height())
    tops = {low if at_top else high}
    tops |= {rect.bottom() + 1 + SPACE_S for rect in controls}
    tops |= {rect.top() - SPACE_S - size.height() for rect in controls}
    sorted_tops = sorted((y for y in tops if low <= y <= high), reverse=not at_top)
    right = max(SPACE_M, widget.width() - SPACE_M - size.width())
    best, smallest_overlap = QRect(), math.inf
    for y in sorted_tops:
        for x in ((widget.width() - size.width()) // 2, SPACE_M, right):
            candidate = QRect(QPoint(x, y), size)
            overlap = sum(_overlap_area(candidate, rect) for rect in controls)
            if overlap < smallest_overlap:
                best, smallest_overlap = candidate, overlap
            if not overlap:
                return best
    return best


def _overlap_area(rect: QRect, other: QRect) -> int:
    intersection = rect & other
    return intersection.width() * intersection.height() if intersection.isValid() else 0


def _controls(
    widget: QWidget, position: QPoint, visible: QRect, excluded: QWidget
) -> Iterator[QRect]:
    """Yield the visible rectangles of all controls in a widget, recursively.

    Args:
        widget: the widget.
        position: its position in the outermost widget.
        visible: its visible part, in coordinates of the outermost widget.
        excluded: the overlay, which is skipped.
    """
    for child in widget.children():
        if not isinstance(child, QWidget) or child.isHidden() or child.isWindow():
            continue
        rect = child.geometry().translated(position)
        visible_part = rect & visible
        if child is excluded or visible_part.isEmpty():
            continue
        is_single_control = Overlay.is_overlay(child) or isinstance(child, ControlRow)
        if is_single_control or (
            _is_control(child) and not _is_large(visible_part, excluded.parentWidget())
        ):
            yield visible_part
        else:
            yield from _controls(child, rect.topLeft(), visible_part, excluded)


def _is_control(widget: QWidget) -> bool:
    if isinstance(widget, (QAbstractScrollArea, QScrollBar)):
        return isinstance(widget, QHeaderView)
    return widget.focusPolicy() != Qt.FocusPolicy.NoFocus


def _is_large(rect: QRect, widget: QWidget | None) -> bool:
    area = widget.width() * widget.height() if widget is not None else 0
    return rect.width() * rect.height() > _LARGE_SHARE * area
