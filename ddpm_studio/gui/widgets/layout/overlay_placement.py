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


def free_rect(under: QWidget, size: QSize, edge: Qt.Edge, excluded: QWidget) -> QRect:
    """Return the rectangle of an overlay that covers no controls, closest to an edge.

    If there is none, it is the rectangle that covers the least area of controls.

    Args:
        under: the widget to overlay.
        size: size of the overlay in pixels, no larger than ``under``.
        edge: the top or the bottom edge of ``under``.
        excluded: the overlay itself, which is not counted as covered.
    """
    taken = list(_controls(under, QPoint(), under.rect(), excluded))
    at_top = edge is Qt.Edge.TopEdge
    low, high = SPACE_M, max(SPACE_M, under.height() - SPACE_M - size.height())
    tops = {low if at_top else high}
    tops |= {rect.bottom() + 1 + SPACE_S for rect in taken}
    tops |= {rect.top() - SPACE_S - size.height() for rect in taken}
    nearest = sorted((y for y in tops if low <= y <= high), reverse=not at_top)
    right = max(SPACE_M, under.width() - SPACE_M - size.width())
    best, least = QRect(), math.inf
    for y in nearest:
        for x in ((under.width() - size.width()) // 2, SPACE_M, right):
            place = QRect(QPoint(x, y), size)
            covered = sum(_overlap_area(place, rect) for rect in taken)
            if covered < least:
                best, least = place, covered
            if not covered:
                return best
    return best


def _overlap_area(one: QRect, other: QRect) -> int:
    both = one & other
    return both.width() * both.height() if both.isValid() else 0


def _controls(under: QWidget, at: QPoint, seen: QRect, excluded: QWidget) -> Iterator[QRect]:
    """Yield the visible rectangles of all controls in a widget, recursively.

    Args:
        under: the widget.
        at: its position in the outermost widget.
        seen: its visible part, in coordinates of the outermost widget.
        excluded: the overlay, which is skipped.
    """
    for child in under.children():
        if not isinstance(child, QWidget) or child.isHidden() or child.isWindow():
            continue
        place = child.geometry().translated(at)
        part = place & seen
        if child is excluded or part.isEmpty():
            continue
        whole = Overlay.is_overlay(child) or isinstance(child, ControlRow)
        if whole or (_is_control(child) and not _is_large(part, excluded.parentWidget())):
            yield part
        else:
            yield from _controls(child, place.topLeft(), part, excluded)


def _is_control(widget: QWidget) -> bool:
    if isinstance(widget, (QAbstractScrollArea, QScrollBar)):
        return isinstance(widget, QHeaderView)
    return widget.focusPolicy() != Qt.FocusPolicy.NoFocus


def _is_large(part: QRect, under: QWidget | None) -> bool:
    room = under.width() * under.height() if under is not None else 0
    return part.width() * part.height() > _LARGE_SHARE * room
