"""The form of a request."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.requests import TrainRequest


def test_what_means_something_only_with_another_field_follows_it(qtbot: QtBot) -> None:
    form = RequestForm(TrainRequest)
    qtbot.addWidget(form)
    assert not form.editor("label_dropout").isEnabled()
    assert "Only with “Classes”." in form.editor("label_dropout").toolTip()
    form.set_value({"class_conditional": True})
    assert form.editor("label_dropout").isEnabled()
    form.editor("class_conditional").click()  # type: ignore[attr-defined]
    assert not form.editor("label_dropout").isEnabled()
    form.set_value({"label_dropout": 0.3})
    assert form.values()["label_dropout"] == 0.3, "it is kept, whatever can be edited"
