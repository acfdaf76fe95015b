"""Sampler drawer of a tool: presets and all sampler settings, each with a help text."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, QSignalBlocker
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ddpm_studio.catalogue import SAMPLERS
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.sampler_fields import field_help
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.basics import button
from ddpm_studio.gui.widgets.layout.drawer import Drawer


class SamplerDrawer(Drawer):
    """Drawer with the controls of a sampler bar, except seed and class.

    Those belong to the tool's own row of controls, see ``row_controls``.

    Args:
        owner: the widget that the drawer overlays.
        bar: the bar whose controls it shows; the drawer becomes its parent.
    """

    def __init__(self, owner: QWidget, bar: SamplerBar) -> None:
        super().__init__(
            owner,
            QCoreApplication.translate("SamplerDrawer", "Sampler"),
            QCoreApplication.translate("SamplerDrawer", "Sampler, steps, weights and more"),
        )
        self._bar, self._defaults = bar, bar.value()
        bar.setParent(self)
        bar.hide()
        groups = bar.groups
        self.fast = self._preset(self.tr("Fast"), self.tr("A few dozen steps, as at first"))
        self.exact = self._preset(
            self.tr("Exact, as in the paper"), self.tr("DDPM, and every timestep: slow")
        )
        self._presets = QWidget()
        row = QHBoxLayout(self._presets)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        row.addWidget(self.fast)
        row.addWidget(self.exact)
        if not bar.is_fixed:
            self.add(self._presets)
        self.fast.clicked.connect(self._choose_fast)
        self.exact.clicked.connect(self._choose_exact)
        help_texts = {
            "sampler": " ",
            "steps": self.tr("How often the network is evaluated: fewer steps are faster."),
            "eta": self.tr("Fresh noise in each step: 0 none, 1 as much as DDPM."),
            "guidance": field_help("guidance"),
            "weights": self.tr("EMA: averaged over the training, calmer; raw: as they are now."),
        }
        for key, group in groups.items():
            if key in ("seed", "class"):
                continue
            option = bar.options.get(key)
            help_ = help_texts.get(key) or (option.toolTip() if option is not None else "")
            drawer_row = self.add(group, help_)
            if key == "sampler":
                self._sampler_help = drawer_row.sentence_label
        self.add(ActionTool(bar.clip, bar.clip.text()), field_help("clip_x0"))
        for signal in (bar.changed, bar.offered):
            signal.connect(self._follow)
        self._follow()

    @property
    def row_controls(self) -> tuple[tuple[QWidget, str], tuple[QWidget, str]]:
        """Class and seed controls for the tool's own row, each with its help text."""
        groups = self._bar.groups
        return (
            (groups["class"], field_help("class_label")),
            (groups["seed"], field_help("seed")),
        )

    def _preset(self, text: str, tip: str) -> QPushButton:
        preset_button = button(text, tip)
        preset_button.setCheckable(True)
        return preset_button

    def _choose_fast(self) -> None:
        self._choose({key: self._defaults[key] for key in ("sampler", "steps", "eta")})

    def _choose_exact(self) -> None:
        self._choose({"sampler": "ddpm", "steps": None})

    def _choose(self, fields: dict[str, Any]) -> None:
        self._bar.set_value(fields)
        self._follow()

    def _follow(self) -> None:
        """Update presets, the sampler's help text and the tool tip from the current choice."""
        values = self._bar.value()
        if self._bar.is_fixed:
            return
        keys = ("sampler", "steps")
        presets = {
            self.fast: {key: self._defaults[key] for key in keys},
            self.exact: {"sampler": "ddpm", "steps": None},
        }
        respaced = values.get("respacing") is not None
        for preset_button, fields in presets.items():
            with QSignalBlocker(preset_button):
                preset_button.setChecked(
                    not respaced and {key: values[key] for key in keys} == fields
                )
        self._presets.setEnabled(not self._bar.is_student)
        self._sampler_help.setText(translated(SAMPLERS[values["sampler"]].help))
        chosen = next(
            (preset_button.text() for preset_button in presets if preset_button.isChecked()),
            self._bar.summary,
        )
        self.button.setToolTip(self.tr("{0}. Click for sampler, steps and more").format(chosen))
