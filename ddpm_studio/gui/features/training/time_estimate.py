"""How long the training that could be started now will take, and which network suits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QComboBox, QLabel, QWidget

from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.layout.eta import duration
from ddpm_studio.gui.workspace.machine_meter import RECOGNISABLE, MachineMeter
from ddpm_studio.requests import TrainRequest

_PATIENCE_SECONDS = 20 * 60


class TimeEstimate(QLabel):
    """One line below the start button, and a time beside each network that was measured.

    Until somebody changes the form, it shows the largest network whose first recognisable
    pictures come within twenty minutes.
    """

    def __init__(
        self, meter: MachineMeter, form: RequestForm[TrainRequest], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._meter, self._form = meter, form
        self._touched = self._suggesting = False
        self._names: dict[int, str] = {}
        self.setProperty("role", "caption")
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setToolTip(
            self.tr(
                "From training steps that were timed on this machine. Recognisable: after {n} "
                "pictures seen a third of the samples of tiny on Fashion-MNIST were garments; "
                "yours may take more. Other programs at work make it longer."
            ).format(n=f"{RECOGNISABLE:,}")
        )
        form.changed.connect(self._on_form)
        meter.changed.connect(self._on_measured)
        self._show()

    def _on_form(self) -> None:
        self._touched = self._touched or not self._suggesting
        self._show()

    def _on_measured(self) -> None:
        if not self._touched:
            self._suggest()
        self._show()

    def _suggest(self) -> None:
        speed = self._meter.speed
        if speed is None:
            return
        batch_size = int(self._form.values()["batch_size"])
        best = None
        for preset, measured in speed.presets.items():
            seconds = self._meter.seconds(preset, batch_size, RECOGNISABLE)
            # A network that does not divide the pictures' side would make them smaller.
            whole = measured.image_size == speed.image_size
            if seconds is not None and seconds <= _PATIENCE_SECONDS and whole:
                best = preset
        if best is not None:
            self._suggesting = True
            self._form.set_value({"preset": best})
            self._suggesting = False

    def _show(self) -> None:
        """Write the line and the times in the list of networks."""
        values = self._form.values()
        batch_size = int(values["batch_size"])
        self._show_choices(batch_size)
        preset = str(values["preset"])
        first = self._meter.seconds(preset, batch_size, RECOGNISABLE)
        whole = self._whole(values)
        speed = self._meter.speed
        self.setVisible(self._meter.wanted)
        if first is None or whole is None or speed is None:
            self.setText(self._why_not(values["epochs"] is not None))
            return
        device = speed.device.rpartition(" ")[0]
        words = self.tr(
            "About {first} to first recognisable pictures, {whole} in all, on this {device}"
        )
        if whole < first:
            words = self.tr(
                "About {whole} in all on this {device}; recognisable pictures take about {first}"
            )
        self.setText(words.format(first=duration(first), whole=duration(whole), device=device))

    def _whole(self, values: Mapping[str, Any]) -> float | None:
        """Seconds of a training with these settings; None if they are not known."""
        if values["minutes"] is not None:
            return 60 * float(values["minutes"])
        batch_size = int(values["batch_size"])
        pictures = int(values["steps"]) * batch_size * int(values["accumulation"])
        if values["epochs"] is not None:
            if self._meter.pictures is None:
                return None
            pictures = round(float(values["epochs"]) * self._meter.pictures)
        return self._meter.seconds(str(values["preset"]), batch_size, pictures)

    def _why_not(self, epochs: bool) -> str:
        """Say why there is no figure: what is below must not move when one comes or goes."""
        if epochs and self._meter.pictures is None:
            return self.tr("How long the epochs take is known when the pictures are read")
        if self._meter.known:
            return self.tr("How long it takes is not known: too large a network for this machine")
        if self._meter.measuring:
            return self.tr("Measuring how fast this machine is…")
        return self.tr("How long it takes is measured when nothing else runs")

    def event(self, event: QEvent) -> bool:
        """Keep room for two lines, whatever it says."""
        if event.type() in (QEvent.Type.Polish, QEvent.Type.FontChange):
            # Not twice a line: the height of a line is a whole number only when it is rounded.
            lines = self.fontMetrics().size(Qt.TextFlag.TextExpandTabs, "x\nx")
            self.setMinimumHeight(lines.height())
        return super().event(event)

    def _show_choices(self, batch_size: int) -> None:
        box = self._form.editor("preset")
        if not isinstance(box, QComboBox):
            return
        for row in range(box.count()):
            name = self._names.setdefault(row, box.itemText(row))
            seconds = self._meter.seconds(str(box.itemData(row)), batch_size, RECOGNISABLE)
            box.setItemText(row, name if seconds is None else f"{name} · {duration(seconds)}")
