"""Concept index table: no text is cut off, and headers are aligned with their columns."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QTextLayout
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.concept_index import ConceptIndex
from ddpm_studio.gui.platform.images import to_array
from ddpm_studio.gui.theme.theme import Theme

_MARGIN = 3


@pytest.fixture
def index(qtbot: QtBot, theme: Theme) -> ConceptIndex:
    made = ConceptIndex()
    qtbot.addWidget(made)
    made.resize(640, 500)
    made.show()
    QApplication.processEvents()
    return made


def needed(option: QStyleOptionViewItem, width: int) -> float:
    """Return the height in pixels of a cell's text when it is wrapped to ``width``."""
    layout = QTextLayout(option.text.replace("\n", "\u2028"), option.font)
    layout.beginLayout()
    height = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        height += line.height()
    layout.endLayout()
    return height


def test_no_sentence_is_cut_at_any_width(index: ConceptIndex) -> None:
    checked = 0
    for width in range(420, 1300, 10):
        index.resize(width, 500)
        QApplication.processEvents()
        for row in range(index.rowCount()):
            for column in (0, 1, 3):
                cell = index.model().index(row, column)
                if index.isColumnHidden(column) or index.columnSpan(row, column) > 1:
                    continue
                option = QStyleOptionViewItem()
                index.initViewItemOption(option)
                option.rect = index.visualRect(cell)
                index.itemDelegate().initStyleOption(option, cell)  # type: ignore[attr-defined]
                part = QStyle.SubElement.SE_ItemViewItemText
                room = index.style().subElementRect(part, option, index)
                assert needed(option, room.width() - 2 * _MARGIN) <= room.height(), option.text
                checked += 1
    assert checked > 3000


def test_a_head_stands_above_the_words_of_its_column(index: ConceptIndex) -> None:
    header = index.horizontalHeader()
    left, wide = header.sectionViewportPosition(1), header.sectionSize(1)
    head = QRect(left, 2, wide, header.height() - 6)
    cell = index.visualRect(index.model().index(1, 1))
    # Comparing their ink requires that both begin with the same letter.
    assert index.item(1, 1).text()[0] == index.horizontalHeaderItem(1).text()[0]  # type: ignore[union-attr]
    assert first_ink(header.viewport(), head) == first_ink(index.viewport(), cell)


def first_ink(widget: QWidget, area: QRect) -> int:
    """Return the first pixel column with text in an area of uniform background."""
    seen = to_array(widget.grab(area)).astype(int)
    return int(np.flatnonzero(np.abs(seen - seen[0, 0]).max(axis=(0, 2)) > 40)[0])
