"""Screenshots of the real window: drives it through all its views and saves each of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from ddpm_studio.backend import Backend
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.pictures.grid_layout import FILL_VIEW
from ddpm_studio.gui.widgets.pictures.picture_card import PictureCard
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio

_SIZE = 1280, 800
_SECONDS = 300.0


class Photographer:
    """Drives the real window through its views and saves screenshots."""

    def __init__(self, out: Path, run: Path, theme: str) -> None:
        self.app = QApplication(sys.argv[:1])
        look = current_theme()
        look.mode = "dark" if theme == "dark" else "light"
        look.apply(self.app)
        self.out, self.run = out, run
        self.backend = Backend()
        self.window = MainWindow(Studio(self.backend), open_settings())
        self.window.resize(*_SIZE)
        self.window.show()
        self.window.build_tools()
        self.backend.start()
        percent = round(self.window.devicePixelRatioF() * 100)
        self.ending = f"{theme}-{percent}.png"

    def work(self) -> None:
        """Take all screenshots, then close; the backend's thread ends whatever happens."""
        try:
            self._first_launch()
            self._tools()
            self._gallery()
            self._learn()
            self._observe()
            self._guides()
        finally:
            self.window.close()
            self.backend.shutdown()

    def draw(self, steps: int, wanted: Sequence[str] = ()) -> Iterator[tuple[str, QWidget]]:
        """Open the run, then let each drawing tool draw once, with ``steps`` sampling steps.

        Fill in keeps its usual number of steps. Yields the name and panel of each tool.
        """
        window, studio = self.window, self.window.studio
        self.wait(lambda: self.backend.device is not None, "the device")
        studio.open_paths([self.run])
        self.wait(lambda: studio.can_draw, "the run")
        reverse, share = window.tool(ReversePanel), window.tool(SharePanel)
        mixing, filling = window.tool(InterpolatePanel), window.tool(InpaintPanel)
        for panel in (reverse, share, mixing, filling):
            if wanted and panel.tool not in wanted:
                continue
            if panel is not filling:
                # Not Fill in: with so few steps, it does not blend with the known pixels.
                panel.sampler.set_value({"steps": steps})
            window.show_tool(panel)
            if panel is filling:
                self.wait(lambda: filling.source.fitted is not None, "a picture")
                mask = np.zeros_like(filling.canvas.painted)
                mask[: len(mask) // 2] = True
                filling.canvas.set_mask(mask)
            self.wait(lambda panel=panel: bool(panel.drawn) and not panel.busy, panel.tool)  # type: ignore[misc]
            yield panel.tool, panel
        gallery = window.tool(GalleryPanel)
        if not wanted or gallery.tool in wanted:
            gallery.store.load([self.run])
            window.show_tool(gallery)
            self.wait(lambda: len(gallery.items) > 0, "kept pictures")
            yield gallery.tool, gallery

    def look_around(self, wanted: Sequence[str] = ()) -> Iterator[str]:
        """Bring each of the other views to the front, with the run open, and yield its name."""
        window = self.window
        learn = window.tool(LearnPanel)
        observatory = window.tool(ObservatoryPanel)
        views: dict[str, tuple[QWidget, Callable[[], object]]] = {
            # Shown as before measuring, which takes minutes.
            "bits": (window.tool(BitsPanel), lambda: None),
            "learn-forward": (learn, lambda: learn.show_chapter(learn.forward)),
            "learn-bound": (learn, lambda: learn.show_chapter(learn.bound)),
            "observatory": (observatory, lambda: observatory.show_page(observatory.curves)),
            "samples": (observatory, lambda: observatory.show_page(observatory.samples)),
            "runs": (observatory, lambda: observatory.show_page(observatory.runs)),
        }
        for name, (panel, show) in views.items():
            if not wanted or name in wanted:
                window.show_tool(panel)
                show()
                self.rest(2)
                yield name
        if not wanted or "start" in wanted:
            window.actions_["file.start"].trigger()
            self._await_cards()
            yield "start"

    def fill(self, panel: QWidget) -> None:
        """Draw as many pictures as fit, where a tool offers that."""
        count = getattr(panel, "count", None)
        if (
            isinstance(panel, ToolPanel)
            and isinstance(count, QComboBox)
            and count.findData(FILL_VIEW) >= 0
        ):
            count.setCurrentIndex(count.findData(FILL_VIEW))
            panel.draw_now()
            self.wait(lambda: not panel.busy, "as many as fit")
            self.rest(0.2)

    def _first_launch(self) -> None:
        window = self.window
        self._await_cards()
        self.wait(lambda: self.backend.device is not None, "the device")
        self.wait(lambda: window.meter.speed is not None, "the time of a step")
        self.shoot("start")
        window.helping.show_tour()
        tour = window.helping.tour
        assert tour is not None
        tour.next()
        self.shoot("tour")
        tour.end()

    def _tools(self) -> None:
        window, studio = self.window, self.window.studio
        window.open_sample("fashion-mnist")
        self.wait(lambda: studio.dataset is not None, "the data")
        studio.open_paths([self.run])
        self.wait(lambda: studio.can_draw, "the run")
        for panel in (window.tool(SharePanel), window.tool(InterpolatePanel)):
            panel.sampler.set_value({"steps": 20})
        reverse = window.tool(ReversePanel)
        window.show_tool(reverse)
        self.wait(lambda: bool(reverse.trajectory.recipe), "a process")
        self.shoot("reverse")
        window.actions_["reverse.as_strip"].trigger()
        self.shoot("reverse-strips")
        window.actions_["reverse.as_grid"].trigger()
        window.actions_["reverse.compare"].trigger()
        self.wait(lambda: len(reverse.process.trajectories) == 2, "two samplers")
        self.wait(lambda: reverse.process.finished, "two processes")
        reverse.player.seek(len(reverse.process) * 2 // 3)
        self.shoot("reverse-compare")
        share = window.tool(SharePanel)
        window.show_tool(share)
        self.wait(lambda: share.drawn is not None and not share.busy, "sharing")
        self.shoot("share")
        window.show_tool(window.tool(InterpolatePanel))
        tool = window.tool(InterpolatePanel)
        self.wait(lambda: tool.drawn is not None and not tool.busy, "interpolation")
        self.shoot("interpolate")
        tool.choices.corners.setChecked(True)
        self.wait(lambda: tool.drawn is not None and not tool.busy, "four corners")
        self.shoot("corners")
        tool.choices.pad.setChecked(True)
        self.wait(lambda: tool.drawn is not None and not tool.busy, "a place on the pad")
        tool.view.pad.set_point(0.3, 0.65)
        self.rest(0.3)
        self.wait(lambda: tool.drawn is not None and not tool.busy, "another place on the pad")
        self.shoot("pad")
        tool.choices.path.setChecked(True)
        self.wait(lambda: tool.drawn is not None and not tool.busy, "a path")
        tool.path.select(4)
        self.shoot("path")
        inpaint = window.tool(InpaintPanel)
        window.show_tool(inpaint)
        self.wait(lambda: inpaint.source.fitted is not None, "a picture")
        mask = np.zeros_like(inpaint.canvas.painted)
        mask[len(mask) // 2 :] = True
        inpaint.canvas.set_mask(mask)
        self.wait(lambda: inpaint.drawn is not None and not inpaint.busy, "filling")
        self.shoot("fill-in")
        bits = window.tool(BitsPanel)
        window.show_tool(bits)
        bits.measure()
        self.wait(lambda: bits.decoded is not None and not bits.busy, "the bits")
        self.shoot("bits")

    def _gallery(self) -> None:
        window = self.window
        window.show_tool(window.tool(GalleryPanel))
        self.rest(1)
        tool = window.tool(GalleryPanel)
        for stars, items in ((5, tool.items.shown[1:3]), (3, tool.items.shown[5:9])):
            tool.select(items)
            tool.rate_chosen(stars)
        for item in tool.items.shown[:6]:
            tool.select([item])
            tool.menu.pin()
        tool.select(tool.items.shown[1:2])
        tool.side.neighbours.search()
        self.wait(lambda: tool.side.neighbours.found is not None, "neighbours")
        self.shoot("gallery")

    def _learn(self) -> None:
        window = self.window
        window.show_tool(window.tool(LearnPanel))
        learn = window.tool(LearnPanel)
        learn.show_chapter(learn.forward)
        self.wait(lambda: learn.forward.tables is not None, "a schedule")
        learn.forward.jump.highlight_symbol("noise")
        learn.forward.lights.highlight("noise")
        self.shoot("learn-forward")
        learn.forward.lights.highlight("")
        learn.show_chapter(learn.bound)
        self.wait(lambda: learn.bound.parts is not None and not learn.bound.comparing, "the bound")
        self.shoot("learn-bound")
        points = learn.playground
        learn.show_chapter(points)
        points.shape.setCurrentIndex(points.shape.findData("eight_gaussians"))
        points.train()
        self.wait(lambda: points.trajectories_ready, "a playground")
        self.rest(1)
        points.play()
        points.progress_slider.setValue(points.progress_slider.maximum() * 19 // 20)
        self.shoot("learn-playground")

    def _observe(self) -> None:
        """Show the runs of the folder compared, their overlaid curves, and the run's samples."""
        tool = self.window.tool(ObservatoryPanel)
        self.window.show_tool(tool)
        tool.show_page(tool.runs)
        self.wait(lambda: bool(tool.runs.model.entries), "the runs")
        for entry in tool.runs.model.entries:
            tool.overlay(entry.path, entry.path != self.run)
        self.window.actions_["observatory.compare"].trigger()
        self.rest(1)
        self.shoot("observatory-runs")
        tool.show_page(tool.curves)
        self.rest(2)
        self.shoot("observatory")
        tool.show_page(tool.samples)
        self.wait(lambda: bool(tool.samples.rows), "samples")
        self.shoot("observatory-samples")

    def _guides(self) -> None:
        """Show palette, settings, shortcuts and a message, then the start page with recent runs."""
        window = self.window
        helping = window.helping
        helping.show_palette()
        assert helping.palette is not None
        helping.palette.field.setText("theme")
        self.shoot("palette", helping.palette)
        helping.palette.hide()
        helping.show_settings()
        assert helping.settings is not None
        self.shoot("settings", helping.settings)
        helping.show_shortcuts()
        helping.settings.shortcuts.choose("training.start")
        self.shoot("shortcuts", helping.settings)
        helping.settings.hide()
        window.studio.notify(
            StudioError("The folder photos is empty.", "Choose another.", "0 files were found.")
        )
        self.shoot("message")
        window.messages.dismiss()
        window.actions_["file.start"].trigger()
        self._await_cards()
        self.shoot("start-again")

    def _await_cards(self) -> None:
        def ready() -> bool:
            cards = self.window.start_page.findChildren(PictureCard)
            return all(card.count for card in cards if not card.isHidden())

        self.wait(ready, "the pictures of the start page")

    def shoot(self, name: str, widget: QWidget | None = None) -> None:
        """Save a screenshot of a widget, or of the window if none is given."""
        self.rest(0.5)
        (widget or self.window).grab().save(str(self.out / f"{name}-{self.ending}"))

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Process events until a condition holds.

        Raises:
            TimeoutError: naming ``what`` did not come in time.
        """
        end = time.monotonic() + _SECONDS
        while not ready():
            if time.monotonic() > end:
                raise TimeoutError(f"no {what} after {_SECONDS:.0f} s")
            self.app.processEvents()
            time.sleep(0.005)

    def rest(self, seconds: float) -> None:
        """Process events for a number of seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.005)
