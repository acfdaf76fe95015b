"""Translations: no user-visible text of the window bypasses ``tr``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from pytestqt.qtbot import QtBot

import ddpm_studio.gui
from ddpm_studio.gui.platform.translations import install_translations

GUI = Path(ddpm_studio.gui.__file__).parent

# Names of calls, with the indices of the arguments that the user reads.
READ = {
    "addAction": (0,),
    "addItem": (0,),
    "addMenu": (0,),
    "addTab": (1,),
    "ask_where": (1,),
    "button": (0, 1),
    "label": (0,),
    "name": (1, 2),
    "QAction": (0,),
    "QCheckBox": (0,),
    "QFileDialog": (1,),
    "QLabel": (0,),
    "QPushButton": (0,),
    "setAccessibleDescription": (0,),
    "setAccessibleName": (0,),
    "setInformativeText": (0,),
    "setPlaceholderText": (0,),
    "setPrefix": (0,),
    "setStatusTip": (0,),
    "setSuffix": (0,),
    "setText": (0,),
    "setTitle": (0,),
    "setToolTip": (0,),
    "setWindowTitle": (0,),
    "show_info": (0, 1),
    "show_message": (0,),
    "show_warning": (0, 1),
    "tool_button": (1, 2),
}
# Names that are the same in every language.
PROPER = {"DDPM Studio"}


def words_in(node: ast.expr) -> Iterator[str]:
    """Yield the literal texts of an expression, except those that are passed to a call."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if (
            sum(letter.isalpha() for letter in node.value) > 1
            and node.value.strip(" –") not in PROPER
        ):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from words_in(part)
    elif isinstance(node, ast.IfExp):
        yield from words_in(node.body)
        yield from words_in(node.orelse)
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        sides = node.values if isinstance(node, ast.BoolOp) else (node.left, node.right)
        for side in sides:
            yield from words_in(side)


def bare(source: str) -> list[tuple[int, str]]:
    """Return line and text of each user-visible literal that can't be translated."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        for index in READ.get(called, ()):
            if index < len(node.args):
                found += [(node.lineno, words) for words in words_in(node.args[index])]
    return found


@pytest.mark.parametrize("path", sorted(GUI.rglob("*.py")), ids=lambda p: str(p.relative_to(GUI)))
def test_texts_go_through_tr(path: Path) -> None:
    assert bare(path.read_text(encoding="utf-8")) == []


def test_the_test_sees_what_it_should() -> None:
    source = """
a.setText("Stop it")
label(f"{n} left" if n else "none", "muted")
b.setText(self.tr("Fine"))
c.setToolTip("t")
addTab(page, "Pictures")
"""
    assert [words for _, words in bare(source)] == ["Stop it", " left", "none", "Pictures"]


def test_translations_are_looked_for_by_the_place(qtbot: QtBot, qapp: object) -> None:
    from PySide6.QtCore import QCoreApplication

    app = QCoreApplication.instance()
    assert app is not None
    assert install_translations(app, QLocale("xx")) == []
