"""Training-time estimate of each network, before a training is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QComboBox, QLabel, QWidget

from ddpm_studio.catalogue import PRESETS
from ddpm_studio.engine.tables.networks import pictures_until_recognisable
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.layout.eta import format_duration
from ddpm_studio.gui.workspace.machine_meter import MachineMeter
from ddpm_studio.metrics.held_out import expected_trained
from ddpm_studio.requests import TrainRequest


class TimeEstimate(QLabel):
    """Time estimate above the settings, and a time next to each network that was measured."""

    def __init__(
        self, meter: MachineMeter, form: RequestForm[TrainRequest], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._meter, self._form = meter, form
        self._names: dict[int, str] = {}
        self.setProperty("role", "caption")
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        form.changed.connect(self._show)
        meter.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        """Update the estimate, and the times in the list of networks."""
        values = self._form.values()
        batch_size = int(values["batch_size"])
        self._update_network_times(batch_size)
        preset = str(values["preset"])
        first = self._meter.seconds(preset, batch_size, pictures_until_recognisable(preset))
        self._show_source(preset)
        total = self._total_seconds(values)
        speed = self._meter.speed
        self.setVisible(self._meter.is_enabled)
        if first is None or total is None or speed is None:
            self.setText(self._unavailable_reason(values["epochs"] is not None))
            return
        device = speed.device.rpartition(" ")[0]
        template = self.tr(
            "About {first} to first recognisable pictures, {whole} in all, on this {device}"
        )
        if total < first:
            template = self.tr(
                "About {whole} in all on this {device}; recognisable pictures take about {first}"
            )
        self.setText(
            template.format(
                first=format_duration(first), whole=format_duration(total), device=device
            )
        )

    def _show_source(self, preset: str) -> None:
        """Explain in the tooltip what the estimate is based on."""
        needs = PRESETS[preset].needs if preset in PRESETS else None
        text = self.tr(
            "From training steps that were timed on this machine, and {n} pictures seen until "
            "some samples can be recognised; yours may take more. Other programs at work make it "
            "longer."
        ).format(n=f"{pictures_until_recognisable(preset):,}")
        self.setToolTip(f"{text} {needs.source}" if needs else text)

    def _total_seconds(self, values: Mapping[str, Any]) -> float | None:
        """Return the seconds of a training with these settings; None if they are not known."""
        if values["minutes"] is not None:
            return 60 * float(values["minutes"])
        batch_size = int(values["batch_size"])
        pictures = int(values["steps"]) * batch_size * int(values["accumulation"])
        if values["epochs"] is not None:
            if self._meter.pictures is None:
                return None
            trained = expected_trained(self._meter.pictures, float(values["held_out"]))
            pictures = round(float(values["epochs"]) * trained)
        return self._meter.seconds(str(values["preset"]), batch_size, pictures)

    def _unavailable_reason(self, epochs: bool) -> str:
        """Return why there is no estimate; never empty, so that what is below does not move."""
        if epochs and self._meter.pictures is None:
            return self.tr("How long the epochs take is known when the pictures are read")
        if self._meter.has_speed:
            return self.tr("How long it takes is not known: too large a network for this machine")
        if self._meter.measuring:
            return self.tr("Measuring how fast this machine is…")
        return self.tr("How long it takes is measured when nothing else runs")

    def event(self, event: QEvent) -> bool:
        """Keep room for two lines, whatever the text."""
        if event.type() in (QEvent.Type.Polish, QEvent.Type.FontChange):
            # Not twice the height of one line, which is rounded to a whole number.
            size = self.fontMetrics().size(Qt.TextFlag.TextExpandTabs, "x\nx")
            self.setMinimumHeight(size.height())
        return super().event(event)

    def _update_network_times(self, batch_size: int) -> None:
        box = self._form.editor("preset")
        if not isinstance(box, QComboBox):
            return
        for row in range(box.count()):
            name = self._names.setdefault(row, box.itemText(row))
            preset = str(box.itemData(row))
            seconds = self._meter.seconds(preset, batch_size, pictures_until_recognisable(preset))
            # This is not how long the whole training takes, which is shown above.
            template = self.tr("{name} · shapes in {time}") if seconds is not None else "{name}"
            box.setItemText(row, template.format(name=name, time=format_duration(seconds or 0)))
