"""Training settings form: the defaults follow the chosen network preset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from PySide6.QtWidgets import QComboBox, QWidget

from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.requests import Device, TrainRequest
from ddpm_studio.requests.devices import ALL_DEVICES

COMMON = ("preset", "steps", "batch_size", "seed", "device")


class TrainingForm(RequestForm[TrainRequest]):
    """Edits a :class:`TrainRequest`.

    Choosing another preset sets the values of its recipe, except in fields that the person has
    changed.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._preset = TrainRequest().preset
        rest = [key for key in TrainRequest.model_fields if key not in COMMON]
        super().__init__(TrainRequest, COMMON, rest, parent)
        self.reset()

    def offer_gpus(self, count: int) -> None:
        """Offer all GPUs as a device where there are several."""
        box = self.editor("device")
        assert isinstance(box, QComboBox)
        if count > 1 and box.findData(ALL_DEVICES) < 0:
            self._checks["device"] = TypeAdapter(Device | Literal["all"])
            box.addItem(self.tr("All {0} GPUs").format(count), ALL_DEVICES)

    def values(self) -> dict[str, Any]:
        """Return the values of the fields; all GPUs are ``devices`` on the device "cuda"."""
        found = super().values()
        if found["device"] == ALL_DEVICES:
            return {**found, "device": "cuda", "devices": ALL_DEVICES}
        return found

    def devices(self) -> dict[str, Any]:
        """Return ``device`` and ``devices``, on which a run that is resumed is trained too."""
        values = self.values()
        return {key: values[key] for key in ("device", "devices")}

    def on_changed(self, key: str) -> None:
        """Handle a changed field: bring the recipe of a new preset, then report the change."""
        preset = str(self.values()["preset"])
        if preset != self._preset:
            self.set_value({"preset": preset})
        super().on_changed(key)

    def set_value(self, value: BaseModel | Mapping[str, Any]) -> None:
        """Show a request, or some fields of one; a preset alone brings its recipe."""
        given: dict[str, Any] = dict(value)
        previous, self._preset = self._preset, str(given.get("preset", self._preset))
        box = self.editor("device")
        assert isinstance(box, QComboBox)
        if given.get("devices") == ALL_DEVICES and box.findData(ALL_DEVICES) >= 0:
            given |= {"device": ALL_DEVICES, "devices": None}
        # The preset first, so that it is no change any more while the others are written.
        changes = self._recipe_changes(previous, self._preset)
        super().set_value({"preset": self._preset, **changes, **given})

    def value_for(self, preset: str | None) -> TrainRequest:
        """Return the validated request with another preset and its recipe, as if it was chosen.

        Args:
            preset: the preset; None: the one shown.

        Raises:
            StudioError: as :meth:`value`.
        """
        preset = preset or self._preset
        return self.value(preset=preset, **self._recipe_changes(self._preset, preset))

    def _recipe_changes(self, previous: str, preset: str) -> dict[str, Any]:
        """Return the changes between two presets, of fields that still have the first's values."""
        if previous == preset:
            return {}
        old, new, shown = _recipe(previous), _recipe(preset), self.values()
        fields = TrainRequest.preset_fields()
        return {key: new[key] for key in fields if shown[key] == old[key] != new[key]}

    def _defaults(self) -> dict[str, Any]:
        return dict(TrainRequest())


def _recipe(preset: str) -> dict[str, Any]:
    return TrainRequest(preset=preset).model_dump()
