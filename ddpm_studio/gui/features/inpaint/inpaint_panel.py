"""Inpainting panel: mask a part of a picture, and the model draws it again (RePaint)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.common.action_button import ActionButton, ActionTool
from ddpm_studio.gui.features.common.count_choice import CountChoice
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.sampler_drawer import SamplerDrawer
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.common.tool_panel import ToolPanel, choose
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.forms.choices import set_name_from_field, translated
from ddpm_studio.gui.widgets.forms.glossary_link import TermLabel
from ddpm_studio.gui.widgets.forms.number_boxes import IntBox
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import label, name
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group
from ddpm_studio.gui.widgets.pictures.mask_editor import MaskEditor
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe, Recipe
from ddpm_studio.jobs.events import DrawingResult, Event, FrameImages
from ddpm_studio.requests import InpaintRequest

_COUNTS = (1, 4, 9, 16)
_STEPS, _FRAMES, _BRUSH, _MAX_BRUSH = 50, 25, 5, 32
_SLIDER_WIDTH, _JUMP_WIDTH, _RESAMPLINGS_WIDTH = 120, 72, 60
# Side of the source slot, in pixels: small, since its picture is shown large below.
_SLOT = 64
_FIELDS = InpaintRequest.model_fields


class InpaintPanel(ToolPanel):
    """Source picture with a painted mask, and the pictures that the model fills in."""

    tool = "inpaint"

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self._first_pick_done = False
        self._frames: list[Pictures] = []
        self.cancelled.shown = self._with_known
        self.source = SourceSlot(
            studio, self.tr("Picture"), self.tr("drop one"), "inpaint source", by_class=True
        )
        self.canvas = MaskEditor(self.tr("Picture and mask"))
        self.grid = PictureGrid(self.tr("Filled in"))
        self.brush = Slider()
        self.brush.setRange(1, _MAX_BRUSH)
        self.brush.setFixedWidth(_SLIDER_WIDTH)
        self.brush.valueChanged.connect(self._on_brush)
        self.brush.setValue(_BRUSH)
        name(self.brush, self.tr("Brush"), self.tr("Side of the brush in pixels of the picture"))
        self.count = CountChoice(_COUNTS, 4, translated(_FIELDS["count"].description or ""))
        self.jump, self.resamplings = IntBox(1, 1000), IntBox(1, 100)
        self.jump.setValue(int(_FIELDS["jump"].default))
        self.resamplings.setValue(2)
        for box, field in (
            (self.jump, _FIELDS["jump"]),
            (self.resamplings, _FIELDS["resamplings"]),
        ):
            set_name_from_field(box, field)
        self.jump.setFixedWidth(_JUMP_WIDTH)
        self.resamplings.setFixedWidth(_RESAMPLINGS_WIDTH)
        for number in (self.jump, self.resamplings):
            number.setKeyboardTracking(False)
            number.valueChanged.connect(self.draw_later)
        self.sampler = SamplerBar(
            steps=_STEPS, fixed=True, offer_picture_classes=True, without_layout=True
        )
        self.export = ExportMenu(studio, actions, "inpaint", self.category, self._to_export)
        self.export.set_message_bar(self.messages)
        self.grid.selection_changed.connect(self.export.refresh)
        PictureMenu(studio, self.grid)
        self._build()
        self.source.fitted_changed.connect(self._on_source)
        self.source.failed.connect(self._on_failed)
        self.source.noticed.connect(self.messages.show_warning)
        self.canvas.changed.connect(self._on_mask)
        self.count.currentIndexChanged.connect(self.draw_later)
        self.sampler.changed.connect(self.draw_later)
        self.sampler.offered.connect(self._follow_model)
        self.grid.current_changed.connect(self.export.refresh)
        studio.picture_sent.connect(self._on_picture_sent)
        self._on_run()

    def pick_random(self) -> None:
        """Pick a random picture of the data as the source."""
        self.source.pick_from_data()

    def showEvent(self, event: QShowEvent) -> None:
        """Pick a random picture the first time, so that there is something to paint on."""
        super().showEvent(event)
        self._show_missing()
        self._pick_random_once()

    def _build(self) -> None:
        self._pictures = QWidget()
        self.drawer = SamplerDrawer(self._pictures, self.sampler)
        choices = ControlRow(self.drawer)
        for key, text, callback, icon, tip in (
            (
                "surprise",
                self.tr("From data"),
                self.pick_random,
                "shuffle",
                self.tr(
                    "Take a picture by chance, of the open ones or else of those the model learnt"
                ),
            ),
            (
                "undo",
                self.tr("Undo"),
                self.canvas.undo,
                "undo-2",
                self.tr("Undo the last change of the mask"),
            ),
            (
                "redo",
                self.tr("Redo"),
                self.canvas.redo,
                "redo-2",
                self.tr("Redo the last change of the mask"),
            ),
            (
                "clear",
                self.tr("Clear mask"),
                self.canvas.clear,
                "eraser",
                self.tr("Take all paint away"),
            ),
            (
                "invert",
                self.tr("Invert mask"),
                self.canvas.invert,
                "repeat",
                self.tr("Invert the mask"),
            ),
        ):
            action = self.actions_.add(
                f"inpaint.{key}", text, callback, category=self.category, icon=icon, tip=tip
            )
            # Icons without text, to leave room for the picture.
            widget = ActionButton(action, icon) if key == "surprise" else ActionTool(action)
            choices.add(widget, tip, keep=key == "surprise")
        self._update_undo_actions()
        redraw_action = self.actions_.add(
            "inpaint.draw",
            self.tr("Fill in again"),
            self.draw_now,
            category=self.category,
            icon="refresh-cw",
            tip=self.tr("Draw again, with the model as it is now, and keep it in the gallery"),
        )
        for caption, box in (
            (TermLabel(self.tr("resamplings"), "resamplings"), self.resamplings),
            (label(self.tr("jump"), "muted"), self.jump),
        ):
            self.drawer.add(inline_group(caption, box), box.toolTip())
        brush = inline_group(label(self.tr("brush"), "muted"), self.brush)
        choices.add(brush, self.brush.toolTip(), keep=True)
        choices.add(
            inline_group(label(self.tr("count"), "muted"), self.count), self.count.toolTip()
        )
        if self.source.badge is not None:
            self.source.badge.use_separate_layout()
            choices.add(self.source.badge, self.tr("The class of the picture."))
        for part, sentence in self.drawer.row_controls:
            choices.add(part, sentence)
        choices.add(ActionTool(redraw_action), keep=True)
        choices.set_corner(inline_group(self.drawer.button, self.export))
        self.source.setFixedSize(_SLOT, _SLOT)
        top = QHBoxLayout()
        top.setSpacing(SPACE_M)
        top.addWidget(self.source)
        top.addWidget(choices, 1)
        middle = QHBoxLayout(self._pictures)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(SPACE_M)
        middle.addWidget(self.canvas, 1)
        middle.addWidget(self.grid, 1)
        self.content.addLayout(top)
        # Below the controls, which must not move when the notice appears.
        self._add_stale_notice(redraw_action, self.content.count())
        self.content.addWidget(self.progress)
        self.content.addWidget(self._pictures, 1)

    def _spec(self) -> JobSpec[object] | None:
        picture, mask = self.source.fitted, self.canvas.painted
        if picture is None or self.source.waiting or not mask.any() or self.studio.run is None:
            return None
        self._frames, self.drawn = [], None
        self.export.refresh()
        request = InpaintRequest(
            run=Path(self.studio.run),
            count=self.count.pictures(lambda count: self.grid.coverage(count, picture.shape[:2])),
            jump=self.jump.value() if self.jump.isEnabled() else _FIELDS["jump"].default,
            resamplings=self.resamplings.value(),
            frames=_FRAMES,
            **self.sampler.value(),
        )
        return specs.drawing.draw(request, "inpaint", picture=picture, mask=mask.copy())

    def _follow_model(self) -> None:
        # A student goes to the picture at once, without steps to jump over.
        self.jump.setEnabled(not self.sampler.is_student)

    def _has_inputs(self) -> bool:
        return self.source.fitted is not None and bool(self.canvas.painted.any())

    def _show_restored(self, found: ParsedRecipe) -> None:
        fields = found.request.model_dump()
        self._first_pick_done = True
        self.source.set_picture(found.inputs["picture"])
        if self.canvas.painted.shape == found.mask.shape:
            self.canvas.set_mask(found.mask)
        choose(self.count, fields["count"])
        if self.jump.isEnabled():
            self.jump.setValue(fields["jump"])
        self.resamplings.setValue(fields["resamplings"])
        self.sampler.set_value(fields)

    def _select(self, index: int) -> None:
        self.grid.select([index])

    def _on_event(self, event: Event) -> None:
        if isinstance(event, FrameImages):
            self._frames.append(self._with_known(event))
            self.grid.set_pictures(self._frames[-1])

    def _with_known(self, frame: FrameImages) -> Pictures:
        """Return x̂_0 with the known region replaced by the source picture's."""
        picture, mask = self.source.fitted, self.canvas.painted[..., None]
        predicted = frame.x0_hat
        if picture is None or picture.shape != predicted.shape[1:]:
            return predicted
        return np.where(mask, predicted, picture)

    def _on_finished(self, result: object) -> None:
        if isinstance(result, DrawingResult):
            self.drawn = result
            self.grid.set_pictures(result.pictures, recipe=result.recipe)
        self.export.refresh()

    def _on_source(self) -> None:
        self.sampler.classes.set_pictures([self.source.class_label])
        self._first_pick_done |= self.source.fitted is not None
        self.canvas.set_picture(self.source.fitted)
        if self.source.fitted is not None and not (self.source.asked or self.canvas.painted.any()):
            self.canvas.suggest()
        self._update_undo_actions()
        self._show_missing()
        self._discard_drawing()
        self.draw_later(asked=self.source.asked)

    def _update_undo_actions(self) -> None:
        """Update whether undo and redo of the mask are enabled."""
        self.actions_["inpaint.undo"].setEnabled(self.canvas.can_undo)
        self.actions_["inpaint.redo"].setEnabled(self.canvas.can_redo)

    def _show_missing(self) -> None:
        """Show in the empty grid what is missing: a picture, or a mask."""
        if self.source.fitted is not None:
            self.grid.set_empty("brush", self.tr("Paint over a part of the picture"))
        else:
            self.grid.set_empty("image", self.tr("Drop a picture to paint on"))

    def _on_mask(self) -> None:
        self._update_undo_actions()
        if self.canvas.painted.any():
            self.draw_later()
        else:
            self._discard_drawing()

    def _on_brush(self, side: int) -> None:
        self.canvas.brush = side
        self.canvas.update()

    def _on_model(self) -> None:
        view = self.studio.run_view
        if view is not None:
            self.sampler.follow(view)
        self._discard_drawing()
        self._first_pick_done = False
        self.source.refit()
        self._show_missing()
        self._pick_random_once()

    def _pick_random_once(self) -> None:
        can_pick = self.studio.can_draw and self.studio.has_pictures
        is_empty = self.source.drop is None and not self.source.waiting
        if self.isVisible() and can_pick and is_empty and not self._first_pick_done:
            self.source.pick_from_data(asked=False)

    def _discard_drawing(self) -> None:
        self.cancel_drawing()
        self.drawn = None
        self.grid.set_pictures(None)
        self.export.refresh()

    def _on_picture_sent(self, target: str, picture: Pictures, recipe: Recipe | None) -> None:
        if target == "inpaint":
            self._first_pick_done = True
            self.source.set_picture(picture, recipe)

    def _to_export(self) -> Export | None:
        if self.drawn is None:
            return None
        frames = list(self._frames)

        def grids() -> list[Pictures]:
            from ddpm_studio.export import make_grid

            return [make_grid(pictures) for pictures in frames]

        return Export(
            self.drawn.pictures,
            self.drawn.recipe,
            max(0, self.grid.current),
            chosen=bool(self.grid.selected),
            frames=grids,
            stem="filled in",
        )
