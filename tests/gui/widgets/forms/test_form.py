"""Request form: a field that depends on another one is enabled with it."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.requests import TrainRequest


def test_what_means_something_only_with_another_field_follows_it(qtbot: QtBot) -> None:
    form = RequestForm(TrainRequest)
    qtbot.addWidget(form)
    assert form.editor("label_dropout").isEnabled(), "there may be classes"
    assert "Only with “Classes”." in form.editor("label_dropout").toolTip()
    classes = form.editor("class_conditional")
    assert isinstance(classes, QComboBox)
    assert [classes.itemText(k) for k in range(3)] == ["if labelled", "yes", "no"]
    for index, enabled in ((2, False), (1, True), (0, True)):
        classes.setCurrentIndex(index)
        assert form.editor("label_dropout").isEnabled() == enabled
        assert form.values()["class_conditional"] == (None, True, False)[index]
    form.set_value({"class_conditional": False})
    assert not form.editor("label_dropout").isEnabled()
    form.set_value({"label_dropout": 0.3})
    assert form.values()["label_dropout"] == 0.3, "it is kept, whatever can be edited"
