"""Translation of the window: texts are collected, compiled, and loaded in another language."""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.platform import translations
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.requests import PrepareOptions

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "translate.py"
GERMAN = {("MessageBar", "Copy"): "Kopieren", ("requests", "Image size"): "Bildgröße"}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def english_again(qapp: QCoreApplication) -> Iterator[None]:
    before = set(qapp.findChildren(QTranslator))
    yield
    for translator in set(qapp.findChildren(QTranslator)) - before:
        qapp.removeTranslator(translator)
        translator.deleteLater()


def translate(ts: Path) -> None:
    """Fill in the translations of a few texts in a .ts file, as a translator would."""
    tree = ET.parse(ts)
    left = dict(GERMAN)
    for context in tree.iter("context"):
        for message in context.iter("message"):
            german = left.pop((context.findtext("name", ""), message.findtext("source", "")), None)
            said = message.find("translation")
            if german is not None and said is not None:
                said.text = german
                del said.attrib["type"]
    assert not left
    tree.write(ts, encoding="utf-8", xml_declaration=True)


def test_what_is_translated_is_seen_and_the_rest_stays_english(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    qapp: QCoreApplication,
    english_again: None,
) -> None:
    ts, qm = script.collect("de", tmp_path / "translations")
    translate(ts)
    assert script.collect("de", tmp_path / "translations") == (ts, qm)
    monkeypatch.setattr(translations, "resources_dir", lambda: tmp_path)
    assert translations.install_translations(qapp, QLocale("de"))[-1] in ("de", "de_DE")
    bar, form = MessageBar(), RequestForm(PrepareOptions)
    qtbot.addWidget(bar)
    qtbot.addWidget(form)
    assert bar.copy_button.text() == "Kopieren"
    assert bar.details_button.text() == "Details"
    titles = [label.text() for label in form.findChildren(QLabel)]
    assert "Bildgröße" in titles
    assert "Image size" not in titles
    assert "Colour" in titles
