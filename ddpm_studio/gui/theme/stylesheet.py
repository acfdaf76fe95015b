"""Qt style sheet of the window, built from the design tokens."""

from __future__ import annotations

from pathlib import Path

from ddpm_studio.gui.theme.tokens import FONT_CAPTION, FONT_TITLE, RADIUS, Tokens, mix

_MARKS = {
    "down": '<path d="M3 4.5 6 7.5 9 4.5"/>',
    "up": '<path d="M3 7.5 6 4.5 9 7.5"/>',
    "tick": '<path d="M2.5 6.2 5 8.7 9.5 3.6"/>',
    "dash": '<path d="M3 6h6"/>',
    "left": '<path d="M7.5 3 4.5 6 7.5 9"/>',
    "right": '<path d="M4.5 3 7.5 6 4.5 9"/>',
}


def _mark(folder: Path, tokens: Tokens, shape: str, colour: str) -> str:
    """Write a small SVG arrow or tick and return its path as a style sheet ``url(…)``."""
    path = folder / f"{tokens.name}-{shape}-{colour[1:]}.svg"
    if not path.exists():
        path.write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="12" height="12" viewBox="0 0 12 12" '
            f'fill="none" stroke="{colour}" stroke-width="1.5" stroke-linecap="round" '
            f'stroke-linejoin="round">{_MARKS[shape]}</svg>',
            encoding="utf-8",
        )
    return f'url("{path.as_posix()}")'


def stylesheet(tokens: Tokens, folder: Path) -> str:
    """Return the Qt style sheet; its SVG arrows and ticks are written into ``folder``."""
    t = tokens
    ring = t.accent
    field = t.ground if t.is_dark else t.panel
    return f"""
QWidget {{ color: {t.text}; }}
QWidget:disabled {{ color: {t.disabled}; }}
QMainWindow, QDialog {{ background: {t.ground}; }}
QMainWindow::separator {{ background: {t.ground}; width: 8px; height: 8px; }}
QMainWindow::separator:hover {{ background: {t.hover}; }}
QSplitter::handle {{ background: {t.ground}; }}
QSplitter::handle:hover {{ background: {t.hover}; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.outline};
    padding: 4px 8px; }}

QLabel {{ background: transparent; }}
QLabel[role="title"] {{ font-size: {FONT_TITLE}px; font-weight: 600; }}
QLabel[role="heading"] {{ font-weight: 600; }}
QLabel[role="section"] {{ font-weight: 600; color: {t.accent}; }}
QLabel[role="caption"] {{ font-size: {FONT_CAPTION}px; color: {t.muted}; }}
QLabel[role="muted"] {{ color: {t.muted}; }}
QLabel[role="danger"] {{ font-size: {FONT_CAPTION}px; color: {t.danger}; }}
QLabel[role="warning"] {{ color: {t.warning}; }}
QLabel[role="success"] {{ color: {t.success}; }}
QLabel[role="key"] {{ font-size: {FONT_CAPTION}px; color: {t.muted}; border: 1px solid {t.line};
    border-radius: 4px; padding: 1px 5px; background: {t.panel}; }}

QTextEdit[role="words"] {{ background: transparent; border: none; padding: 0; }}
QTextEdit[role="words"][ink="muted"] {{ color: {t.muted}; }}

QFrame[role="panel"], QWidget[role="panel"] {{ background: {t.panel}; }}
QFrame[role="card"] {{ background: {t.panel}; border: 1px solid {t.line};
    border-radius: {RADIUS + 2}px; }}
QFrame[role="callout"] {{ background: {t.raised}; border: 1px solid {t.accent};
    border-radius: {RADIUS + 2}px; }}
QFrame[role="drawer"] {{ background: {t.raised}; border: 1px solid {t.outline};
    border-radius: {RADIUS + 2}px; }}
QFrame[role="line"] {{ background: {t.line}; border: none; }}
QFrame[role="info"], QFrame[role="warning"], QFrame[role="error"] {{
    border: 1px solid {t.line}; border-radius: {RADIUS}px; background: {t.raised}; }}
QFrame[role="info"] {{ border-left: 3px solid {t.accent}; }}
QFrame[role="warning"] {{ border-left: 3px solid {t.warning}; }}
QFrame[role="error"] {{ border-left: 3px solid {t.danger}; }}
QFrame[role="drop"] {{ border: 1px dashed {t.outline}; border-radius: {RADIUS + 2}px;
    background: {t.panel}; }}
QFrame[role="drop"][filled="true"] {{ border: 1px solid {t.line}; }}
QFrame[role="drop"]:hover {{ border-color: {t.accent}; background: {t.hover}; }}
QFrame[role="drop"]:focus {{ border: 2px dashed {ring}; }}
QFrame[role="drop"][over="true"] {{ border: 2px solid {t.accent}; background: {t.selected}; }}

QPushButton {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
    padding: 5px 12px; min-height: 16px; }}
QPushButton:hover {{ background: {t.hover}; border-color: {t.outline}; }}
QPushButton:pressed, QPushButton:checked {{ background: {t.pressed}; }}
QPushButton:disabled {{ background: transparent; border-color: {t.line}; color: {t.disabled}; }}
QPushButton:focus {{ border: 2px solid {ring}; padding: 4px 11px; }}
QPushButton[role="primary"] {{ background: {t.accent}; color: {t.on_accent};
    border: 1px solid {t.accent}; font-weight: 600; }}
QPushButton[role="primary"]:hover {{ background: {t.accent_hover};
    border-color: {t.accent_hover}; }}
QPushButton[role="primary"]:pressed {{ background: {mix(t.accent, t.ground, 0.8)}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {t.text}; padding: 4px 11px; }}
QPushButton[role="primary"]:disabled {{ background: {t.hover}; border-color: {t.hover};
    color: {t.disabled}; }}
QPushButton[role="danger"] {{ color: {t.danger}; }}
QPushButton[role="danger"]:hover {{ border-color: {t.danger}; }}
QPushButton[role="link"] {{ background: transparent; border: 1px solid transparent;
    color: {t.accent}; padding: 2px 4px; }}
QPushButton[role="link"]:hover {{ text-decoration: underline; }}
QPushButton[role="link"]:focus {{ border: 1px solid {ring}; padding: 2px 4px; }}

QToolButton {{ background: transparent; border: 1px solid transparent;
    border-radius: {RADIUS}px; padding: 5px; }}
QToolButton[popupMode="1"] {{ padding-right: 18px; }}
QToolButton:hover {{ background: {t.hover}; }}
QToolButton:pressed {{ background: {t.pressed}; }}
QToolButton:checked {{ background: {t.selected}; color: {t.accent}; }}
QToolButton:focus {{ border: 1px solid {ring}; }}
QToolButton[dropping="true"] {{ background: {t.hover}; border: 1px solid {t.accent}; }}
QToolButton:disabled {{ color: {t.disabled}; }}
QToolButton::menu-indicator {{ image: none; }}
QToolButton::menu-button {{ border: none; width: 16px; }}
QToolButton::menu-arrow {{ image: {_mark(folder, t, "down", t.muted)}; }}
QToolButton[role="over"] {{ background: {t.raised}; border: 1px solid {t.outline};
    padding: 2px; }}
QToolButton[role="over"]:hover {{ background: {t.pressed}; }}
QToolButton[role="small"] {{ padding: 1px; }}
QToolButton[role="fold"] {{ color: {t.muted}; padding: 4px 8px 4px 0; }}
QToolButton[role="fold"]:hover {{ color: {t.text}; }}
QToolButton[role="fold"]:checked {{ background: transparent; color: {t.muted}; }}

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox, QKeySequenceEdit {{
    background: {field}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
    padding: 4px 8px; min-height: 18px; selection-background-color: {t.accent};
    selection-color: {t.on_accent}; }}
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover, QPlainTextEdit:hover {{
    border-color: {t.outline}; }}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus,
QComboBox:focus, QKeySequenceEdit:focus {{ border: 2px solid {ring}; padding: 3px 7px; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{
    background: transparent; color: {t.disabled}; }}
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"], QComboBox[invalid="true"] {{
    border: 1px solid {t.danger}; }}
QAbstractSpinBox {{ padding: 2px 20px 2px 8px; min-height: 22px; }}
QAbstractSpinBox:focus {{ padding: 1px 19px 1px 7px; }}
QAbstractSpinBox QLineEdit {{ border: none; padding: 0; margin: 0; background: transparent;
    min-height: 0; }}
QAbstractSpinBox::up-button {{ subcontrol-origin: border; subcontrol-position: top right;
    width: 18px; border: none; margin: 2px 2px 0 0; border-radius: 3px; }}
QAbstractSpinBox::down-button {{ subcontrol-origin: border;
    subcontrol-position: bottom right; width: 18px; border: none; margin: 0 2px 2px 0;
    border-radius: 3px; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{
    background: {t.hover}; }}
QAbstractSpinBox::up-arrow {{ image: {_mark(folder, t, "up", t.muted)};
    width: 10px; height: 10px; }}
QAbstractSpinBox::down-arrow {{ image: {_mark(folder, t, "down", t.muted)};
    width: 10px; height: 10px; }}
QAbstractSpinBox::up-arrow:off, QAbstractSpinBox::up-arrow:disabled {{
    image: {_mark(folder, t, "up", t.disabled)}; }}
QAbstractSpinBox::down-arrow:off, QAbstractSpinBox::down-arrow:disabled {{
    image: {_mark(folder, t, "down", t.disabled)}; }}
QComboBox {{ padding-right: 4px; combobox-popup: 0; }}
QComboBox:focus {{ padding-right: 3px; }}
QComboBox[role="narrow"], QComboBox[role="narrow"]:focus {{ padding-right: 0; }}
QComboBox::drop-down {{ subcontrol-origin: border; subcontrol-position: center right;
    width: 22px; border: none; }}
QComboBox::down-arrow {{ image: {_mark(folder, t, "down", t.muted)}; width: 12px; height: 12px; }}
QComboBox::down-arrow:disabled {{ image: {_mark(folder, t, "down", t.disabled)}; }}
QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.outline};
    padding: 0; outline: 0; }}

QCheckBox, QRadioButton {{ spacing: 8px; background: transparent; }}
QCheckBox::indicator, QRadioButton::indicator, QTableView::indicator {{
    width: 16px; height: 16px;
    border: 1px solid {t.outline}; background: {field}; }}
QCheckBox::indicator, QTableView::indicator {{ border-radius: 4px; }}
QRadioButton::indicator {{ border-radius: 9px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {t.accent}; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border: 2px solid {ring};
    width: 14px; height: 14px; }}
QCheckBox::indicator:checked, QTableView::indicator:checked {{
    background: {t.accent}; border-color: {t.accent};
    image: {_mark(folder, t, "tick", t.on_accent)}; }}
QCheckBox::indicator:checked:focus {{ border-color: {t.text}; }}
QCheckBox::indicator:indeterminate {{ background: {t.accent}; border-color: {t.accent};
    image: {_mark(folder, t, "dash", t.on_accent)}; }}
QRadioButton::indicator:checked {{ background: {t.on_accent}; border: 5px solid {t.accent};
    width: 8px; height: 8px; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ border-color: {t.line};
    background: transparent; }}
QCheckBox::indicator:checked:disabled {{ background: {t.disabled}; border-color: {t.disabled}; }}

QSlider {{ background: transparent; min-height: 22px; }}
QSlider:vertical {{ min-height: 0; min-width: 22px; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {t.pressed}; }}
QSlider::groove:vertical {{ width: 4px; border-radius: 2px; background: {t.pressed}; }}
QSlider::sub-page:horizontal, QSlider::add-page:vertical {{ border-radius: 2px;
    background: {t.accent}; }}
QSlider::handle {{ background: {t.panel}; border: 2px solid {t.accent};
    border-radius: 8px; width: 12px; height: 12px; }}
QSlider::handle:horizontal {{ margin: -6px 0; }}
QSlider::handle:vertical {{ margin: 0 -6px; }}
QSlider::handle:hover, QSlider::handle:focus {{ background: {t.accent}; }}
QSlider::handle:focus {{ border-color: {t.text}; }}
QSlider::handle:disabled {{ border-color: {t.disabled}; background: {t.panel}; }}
QSlider::sub-page:horizontal:disabled {{ background: {t.pressed}; }}

QProgressBar {{ background: {t.pressed}; border: none; border-radius: 3px; max-height: 6px;
    min-height: 6px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}
QProgressBar[paused="true"]::chunk {{ background: {t.muted}; }}

QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {t.outline}; border-radius: 3px; margin: 3px; }}
QScrollBar::handle:vertical {{ min-height: 24px; }}
QScrollBar::handle:horizontal {{ min-width: 24px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; border: none; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; }}
QScrollArea {{ border: none; background: transparent; }}

QTabWidget::pane {{ border: none; border-top: 1px solid {t.line}; background: {t.panel}; }}
QTabBar {{ background: transparent; qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; color: {t.muted}; padding: 8px;
    border: none; border-bottom: 2px solid transparent; }}
QTabBar::tab:hover {{ color: {t.text}; background: {t.hover}; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
QTabBar::tab:focus {{ color: {t.accent}; }}
QTabBar::tab:disabled {{ color: {t.disabled}; }}
QTabBar::scroller {{ width: 28px; }}
QTabBar::tear {{ width: 0; image: none; }}
QTabBar QToolButton {{ background: {t.ground}; border: none; border-radius: 0;
    padding: 0; margin: 0; }}
QTabBar QToolButton:hover {{ background: {t.hover}; }}
QTabBar QToolButton::left-arrow {{ image: {_mark(folder, t, "left", t.text)};
    width: 12px; height: 12px; }}
QTabBar QToolButton::right-arrow {{ image: {_mark(folder, t, "right", t.text)};
    width: 12px; height: 12px; }}
QTabBar QToolButton::left-arrow:disabled {{ image: {_mark(folder, t, "left", t.disabled)}; }}
QTabBar QToolButton::right-arrow:disabled {{ image: {_mark(folder, t, "right", t.disabled)}; }}

QDockWidget {{ color: {t.muted}; font-size: {FONT_CAPTION}px; font-weight: 600;
    titlebar-close-icon: none; titlebar-normal-icon: none; }}
QDockWidget::title {{ background: {t.panel}; padding: 8px 12px; text-align: left; }}
QDockWidget > QWidget {{ background: {t.panel}; }}

QMenuBar {{ background: {t.ground}; padding: 2px 4px; }}
QMenuBar::item {{ background: transparent; padding: 5px 10px; border-radius: {RADIUS}px; }}
QMenuBar::item:selected {{ background: {t.hover}; }}
QMenu {{ background: {t.raised}; border: 1px solid {t.outline}; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; background: transparent; }}
QMenu::item:selected {{ background: {t.selected}; }}
QMenu::item:disabled {{ color: {t.disabled}; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::icon:checked {{ background: {t.selected}; border: 1px solid {t.accent};
    border-radius: 4px; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
QMenu::indicator {{ width: 14px; height: 14px; margin-left: 6px; }}
QMenu::indicator:checked {{ image: {_mark(folder, t, "tick", t.accent)}; }}
QMenu::right-arrow {{ image: {_mark(folder, t, "right", t.muted)}; width: 12px; height: 12px;
    margin-right: 6px; }}

QAbstractItemView {{ background: {t.panel}; border: none; outline: 0;
    selection-background-color: {t.selected}; selection-color: {t.text}; }}
QListView::item, QTreeView::item, QTableView::item {{ padding: 4px 8px;
    border-radius: 4px; border: 1px solid transparent; }}
QListView::item:hover, QTreeView::item:hover {{ background: {t.hover}; }}
QListView::item:selected, QTreeView::item:selected, QTableView::item:selected {{
    background: {t.selected}; color: {t.text}; }}
QListView:focus::item:selected:focus, QTreeView:focus::item:focus {{
    border: 1px solid {ring}; }}
QListView:focus, QTreeView:focus, QTableView:focus {{ border: 1px solid {ring}; }}
QHeaderView::section {{ background: {t.panel}; color: {t.muted}; border: none;
    border-bottom: 1px solid {t.line}; padding: 6px 8px 6px 12px; }}
QTableView {{ gridline-color: {t.line}; }}
"""
