"""Table of concepts, in the order of the lecture; each row links to its interactive chapter."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ddpm_studio.catalogue.concepts import CONCEPTS, PARTS, concepts_of
from ddpm_studio.gui.features.learn.typeset import paint, typeset
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_BODY, FONT_CAPTION, SPACE_M
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.basics import name

_NAME, _SENTENCE, _SYMBOLS, _WHERE = range(4)
_NAME_WIDTH, _SYMBOLS_WIDTH, _WHERE_WIDTH = 210, 320, 250
# In a narrower table the columns on the right are hidden, one after the other.
_MIN_WIDTH_FOR_SYMBOLS, _MIN_WIDTH_FOR_WHERE = 860, 1160
_MIN_WIDTH_FOR_NAME = 560
_SIZE, _MIN_ROW_HEIGHT = 15, 36
_CONCEPT = Qt.ItemDataRole.UserRole


class ConceptIndex(QTableWidget):
    """Lists all concepts, by the parts of the lecture; a click or Enter on one chooses it."""

    chosen = Signal(str)
    """Emitted with the name of the chosen concept."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        name(self, self.tr("Concepts of the lecture"))
        self.setToolTip("")
        self.setHorizontalHeaderLabels(
            [
                self.tr("Concept"),
                self.tr("What it says"),
                self.tr("In symbols"),
                self.tr("Lecture and paper"),
            ]
        )
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setFrameShape(QTableWidget.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_TextDelegate(self))
        self.setItemDelegateForColumn(_SYMBOLS, _EquationDelegate(self))
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(_SENTENCE, QHeaderView.ResizeMode.Stretch)
        self._fill()
        header.sectionResized.connect(self._on_columns)
        self.cellClicked.connect(lambda row, _: self._choose(row))
        current_theme().changed.connect(self._restyle)
        self._restyle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the columns that there is no room for."""
        super().resizeEvent(event)
        width = self.viewport().width()
        self.setColumnHidden(_SYMBOLS, width < _MIN_WIDTH_FOR_SYMBOLS)
        self.setColumnHidden(_WHERE, width < _MIN_WIDTH_FOR_WHERE)
        is_narrow = width < _MIN_WIDTH_FOR_NAME
        self.setColumnWidth(_NAME, width * 2 // 5 if is_narrow else _NAME_WIDTH)
        self.setColumnWidth(_SYMBOLS, _SYMBOLS_WIDTH)
        self.setColumnWidth(_WHERE, _WHERE_WIDTH)

    def showEvent(self, event: QShowEvent) -> None:
        """Fit the row heights, which typesets all equations and so waits until they are shown."""
        super().showEvent(event)
        self._fit_rows()

    def _on_columns(self) -> None:
        if self.isVisible():
            self._fit_rows()

    def _fit_rows(self) -> None:
        """Fit the row heights to their contents, at the present column widths."""
        self.resizeRowsToContents()
        for row in range(self.rowCount()):
            self.setRowHeight(row, max(_MIN_ROW_HEIGHT, self.rowHeight(row) + SPACE_M))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the current row with Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.currentRow())
        else:
            super().keyPressEvent(event)

    def concepts(self) -> list[str]:
        """Return the names that are listed, in order."""
        rows = (self.item(row, _NAME) for row in range(self.rowCount()))
        return [item.data(_CONCEPT) for item in rows if item is not None and item.data(_CONCEPT)]

    def _fill(self) -> None:
        numbers = {name: number for number, name in enumerate(CONCEPTS, 1)}
        for part, title in PARTS.items():
            row = self.rowCount()
            self.insertRow(row)
            heading = QTableWidgetItem(translated(title))
            heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.setItem(row, _NAME, heading)
            self.setSpan(row, _NAME, 1, 4)
            for concept in concepts_of(part):
                row = self.rowCount()
                self.insertRow(row)
                texts = {
                    _NAME: f"{numbers[concept.name]}  {translated(concept.title)}",
                    _SENTENCE: translated(concept.sentence),
                    _SYMBOLS: "",
                    _WHERE: f"{concept.lecture}\n{concept.paper}",
                }
                for column, text in texts.items():
                    item = QTableWidgetItem(text)
                    item.setData(_CONCEPT, concept.name)
                    item.setToolTip(translated(concept.where))
                    self.setItem(row, column, item)

    def _restyle(self) -> None:
        theme = current_theme()
        for row in range(self.rowCount()):
            item, reference = self.item(row, _NAME), self.item(row, _WHERE)
            if item is None:
                continue
            item.setFont(body_font(bold=True))
            if item.data(_CONCEPT) is None:
                item.setForeground(theme.color("accent"))
            elif reference is not None:
                reference.setFont(body_font(FONT_CAPTION))
                reference.setForeground(theme.color("muted"))

    def _choose(self, row: int) -> None:
        item = self.item(row, _NAME)
        concept = None if item is None else item.data(_CONCEPT)
        if concept:
            self.chosen.emit(concept)


class _TextDelegate(QStyledItemDelegate):
    """Delegate whose size hint has room for all lines of a cell's text."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Wrap lines as they will be painted: Qt's own size hint ignores the cell's padding."""
        cell_option = QStyleOptionViewItem(option)
        self.initStyleOption(cell_option, index)
        style, part = option.widget.style(), QStyle.SubElement.SE_ItemViewItemText
        width = style.subElementRect(part, cell_option, option.widget).width()
        cell_option.rect = QRect(option.rect.topLeft(), QSize(width, option.rect.height()))
        return super().sizeHint(cell_option, index)


class _EquationDelegate(QStyledItemDelegate):
    """Delegate that paints a concept's equation."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the equation vertically centred, at the largest font size that fits the width."""
        super().paint(painter, option, index)
        concept = CONCEPTS.get(index.data(_CONCEPT))
        if concept is None:
            return
        rect = option.rect
        for size in range(_SIZE, FONT_CAPTION - 3, -1):
            piece = typeset(concept.equation, size)
            if piece.width <= rect.width() - SPACE_M:
                break
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        baseline = rect.top() + (rect.height() + piece.ascent - piece.descent) / 2
        paint(painter, piece, rect.left(), baseline, {"": current_theme().color("text")})
        painter.restore()

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Ask for the height of the equation."""
        concept = CONCEPTS.get(index.data(_CONCEPT))
        piece = typeset(concept.equation if concept else "x", _SIZE)
        return QSize(_SYMBOLS_WIDTH, max(FONT_BODY, round(piece.ascent + piece.descent)))
