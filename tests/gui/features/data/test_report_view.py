"""Report view of the Data dock: the facts of a dataset."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.data.report_view import ReportView
from ddpm_studio.picture_shape import PictureShape


def test_sizes_are_told_from_the_smallest_picture_to_the_largest(qtbot: QtBot) -> None:
    report = SimpleNamespace(
        source="photos",
        kept=3,
        sizes=(((300, 400), 1), ((310, 20), 1), ((30, 500), 1)),
        duplicates=0,
        others=(),
        told=(),
        class_counts=(),
        rejects=(),
        warnings=(),
    )
    dataset: Any = SimpleNamespace(
        report=report, shape=PictureShape(32, 32, 3), class_names=(), source=(), image_size=32
    )
    view = ReportView()
    qtbot.addWidget(view)
    view.show_dataset(dataset)
    assert view.notes.text() == "3 sizes, from 310 × 20 to 300 × 400."
