from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import ddpm_studio
from ddpm_studio.backend import Backend
from ddpm_studio.catalogue.concepts import CONCEPTS
from ddpm_studio.catalogue.glossary import GLOSSARY, find_terms, term_of_symbol
from ddpm_studio.engine.tables.all_tables import TABLES
from ddpm_studio.gui.features.glossary.glossary_dialog import GlossaryDialog
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.theme.tokens import X0_HAT
from ddpm_studio.gui.widgets.forms.glossary_link import TermLabel
from tests.gui.panel_help import WAIT, opened

_UNDERSCORE = re.compile(r"[xαβεμσᾱ̂̃]_[T0t]\b")


def test_what_a_newcomer_meets_is_explained() -> None:
    for words, name in (
        ("η", "eta"),
        ("EMA", "ema"),
        ("moments", "moments"),
        ("resamplings", "resamplings"),
        ("ᾱₜ", "alpha_bar"),
        ("Markov", "markov"),
        ("averaged weights", "ema"),
    ):
        assert find_terms(words)[0].name == name, words
    assert find_terms("no such word") == []
    named = {term.concept for term in GLOSSARY.values()} - {""}
    assert named == set(CONCEPTS)
    sign = term_of_symbol("√(1−ᾱₜ)")
    assert sign is not None
    assert sign.name == "alpha_bar"


def test_a_sign_leads_to_its_entry_and_that_to_its_live_place(
    qtbot: QtBot, backend: Backend, tiny_run: Path
) -> None:
    window = opened(qtbot, backend, tiny_run)
    reverse = window.tool(ReversePanel)
    window.show_tool(reverse)
    eta = next(one for one in reverse.findChildren(TermLabel) if one.term == "eta")
    assert "DDIM" in eta.toolTip()
    QTest.mouseClick(eta, Qt.MouseButton.LeftButton)
    glossary = window.helping.glossary
    assert glossary is not None
    assert glossary.isVisible()
    assert glossary.term is GLOSSARY["eta"]
    assert glossary.text.text() == GLOSSARY["eta"].text
    glossary.field.setText("KL between")
    assert glossary.term is GLOSSARY["concept_kl"]
    glossary.show_in_learn_button.click()
    learn = window.tool(LearnPanel)
    assert learn.concept is CONCEPTS["kl"]
    assert learn.isVisible()
    window.actions_["learn.forward"].trigger()
    equation = learn.forward.bar
    place = equation.symbol_rect("bar").center().toPoint()
    QTest.mouseClick(equation, Qt.MouseButton.LeftButton, pos=place)
    assert glossary.term is GLOSSARY["alpha_bar"]
    glossary.field.setText("nonsense")
    assert "no such entry" in glossary.title.text()
    window.actions_["help.glossary"].trigger()


def test_no_two_entries_look_the_same_and_none_says_itself_twice(qtbot: QtBot) -> None:
    dialog = GlossaryDialog()
    qtbot.addWidget(dialog)
    shown = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    assert len(set(shown)) == len(shown)
    twice = [one for one in shown if len(set(one.split(" · "))) < len(one.split(" · "))]
    assert twice == []
    assert "αₜ" in shown
    assert any(one.startswith(X0_HAT) for one in shown), "with the hat, which the font has"
    dialog.show_term("x0_hat")
    assert X0_HAT in dialog.symbols.text()


def _words(path: Path) -> Iterator[str]:
    """Yield the user-visible strings of a source file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        value: ast.expr | None = None
        if isinstance(node, ast.keyword) and node.arg in ("title", "description"):
            value = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            value = node.args[0] if node.func.attr in ("tr", "setText", "setToolTip") else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def test_signs_are_written_without_an_underscore_all_over_the_window() -> None:
    """In translatable strings, in titles and helps of the catalogue, and in the glossary."""
    root = Path(ddpm_studio.__file__).parent
    paths = [path for folder in ("gui", "requests") for path in (root / folder).rglob("*.py")]
    said = [words for path in paths for words in _words(path)]
    assert len(said) > 500
    entries = [f"{entry.title} {entry.help}" for table in TABLES for entry in table.values()]
    assert [words for words in (*said, *entries) if _UNDERSCORE.search(words)] == []
    assert [t.name for t in GLOSSARY.values() if "_" in f"{t.title}{t.text}{t.symbols}"] == []


def test_nobody_is_told_of_the_licence_beside_a_set_that_ships(
    qtbot: QtBot, backend: Backend
) -> None:
    window = opened(qtbot, backend)
    window.open_sample("fashion-mnist")
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    assert "10,000" in window.data.report.figures.text()
    assert "not a picture" not in window.data.report.notes.text()
