"""Observatory panel: pages with the curves, samples, runs and evaluations of a training."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QStackedLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.backend import State
from ddpm_studio.backend.record import RunRecord
from ddpm_studio.gui.features.common.tool_titles import tool_menu_title
from ddpm_studio.gui.features.observatory.curves_page import CurvesPage
from ddpm_studio.gui.features.observatory.figure_saver import FigureSaver
from ddpm_studio.gui.features.observatory.quality_page import QualityPage
from ddpm_studio.gui.features.observatory.runs_page import RunsPage, with_moved_run
from ddpm_studio.gui.features.observatory.samples_page import SamplesPage
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, label, name
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.scroll_areas import VerticalScrollArea
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.runs.notes import read_notes


class ObservatoryPanel(QWidget):
    """Monitor of the open run, trained here or elsewhere, with other runs' curves overlaid."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.studio = studio
        self.actions_ = actions
        self.overlaid: list[Path] = []
        self._record: RunRecord | None = None
        self.messages = MessageBar()
        self.title = ElidedLabel("", "heading")
        self.tags = ElidedLabel("", "caption")
        self.live = label("", "success")
        self.curves = CurvesPage(studio)
        self.saver = FigureSaver(studio, self.curves, self.messages)
        self.samples = SamplesPage(studio)
        self.quality = QualityPage(studio)
        self.quality.failed.connect(self.messages.show_failure)
        self.runs = RunsPage(studio)
        self.runs.overlaid.connect(self.overlay)
        self.runs.notes.saved.connect(self._show_tags)
        self.runs.notes.failed.connect(self.messages.show_failure)
        self.pages = QStackedWidget()
        self._page_widgets: list[QWidget] = []
        self.page_buttons: list[QToolButton] = []
        self._group = QButtonGroup(self)
        self._register()
        self._lay_out()
        studio.run_changed.connect(self._on_run)
        studio.run_moved.connect(self._on_run_moved)
        studio.training_changed.connect(self._on_record)
        self._on_run()

    def overlay(self, run: Path, shown: bool) -> None:
        """Overlay another run's curves on the open one's, or remove them."""
        if shown and run not in self.overlaid:
            self.overlaid.append(run)
        elif not shown and run in self.overlaid:
            self.overlaid.remove(run)
        self._show_runs()

    def show_page(self, page: QWidget) -> None:
        """Switch to a page."""
        index = self._page_widgets.index(page)
        self.pages.setCurrentIndex(index)
        chosen = self.page_buttons[index]
        chosen.setChecked(True)
        if any(button.hasFocus() for button in self.page_buttons):
            # The focus frame must not stay on the previous button.
            chosen.setFocus()

    def _register(self) -> None:
        add, menu = self.actions_.add, tool_menu_title("observatory")
        loss = self.curves.loss
        self._csv = add(
            "observatory.csv",
            self.tr("Save figures as CSV…"),
            self.saver.ask_csv,
            category=menu,
            icon="file-text",
            tip=self.tr("All that the shown runs have recorded, a row for each step"),
        )
        self._picture = add(
            "observatory.picture",
            self.tr("Save the loss curve…"),
            self.saver.ask_picture,
            category=menu,
            icon="file-image",
            tip=self.tr("As a PNG picture or an SVG drawing, in the window's colours"),
        )
        evaluate = add(
            "observatory.evaluate",
            self.tr("Evaluate samples"),
            self._evaluate,
            category=menu,
            icon="chart-column",
            tip=self.tr("Draw samples of the run and compare them with its pictures"),
        )
        notes = add(
            "observatory.notes",
            self.tr("Write notes on the run"),
            self._write_notes,
            category=menu,
            icon="tag",
            tip=self.tr("Notes and tags are kept in the run's folder"),
        )
        # Tool tips of the actions that need an open run, by id.
        self._tips = {
            action.objectName(): str(action.property("tip"))
            for action in (self._csv, self._picture, evaluate, notes)
        }
        add(
            "observatory.compare",
            self.tr("Compare settings"),
            self._compare,
            category=menu,
            icon="git-compare",
            tip=self.tr("The settings of the runs whose curves are shown, differences marked"),
        )
        for key, text, button, tip in (
            ("log", self.tr("Logarithmic loss"), loss.log_button, loss.log_button.toolTip()),
            (
                "outliers",
                self.tr("Outliers in the range"),
                loss.outliers_button,
                loss.outliers_button.toolTip(),
            ),
        ):
            action = add(
                f"observatory.{key}",
                text,
                button.setChecked,
                category=menu,
                tip=tip,
                checkable=True,
                checked=button.isChecked(),
            )
            button.toggled.connect(action.setChecked)

    def _lay_out(self) -> None:
        export = QToolButton()
        set_icon(export, "download")
        name(export, self.tr("Save"), self.tr("Save the figures or the curve"))
        export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        export.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.save_menu = QMenu(export)
        self.save_menu.addActions([self._csv, self._picture])
        export.setMenu(self.save_menu)
        self._header_row = QHBoxLayout()
        self._header_row.setSpacing(SPACE_S)
        self._header_row.addWidget(self.title, 1)
        self._header_row.addWidget(self.tags, 1)
        self._header_row.addWidget(self.live)
        self._header_row.addSpacing(SPACE_M)
        self._header_row.addWidget(export)
        curve_keywords = self.tr("loss learning rate gradient speed memory zoom")
        self._add_page(self.curves, self.tr("Curves"), "chart-line", curve_keywords, scrolls=True)
        self._add_page(self.samples, self.tr("Samples"), "images")
        self._add_page(self.runs, self.tr("Runs"), "list")
        quality_keywords = self.tr("evaluate FID KID precision recall distance")
        self._add_page(self.quality, self.tr("Quality"), "chart-column", quality_keywords)
        body = QWidget()
        content = QVBoxLayout(body)
        content.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        content.setSpacing(SPACE_M)
        self.messages.attach_to(self, Qt.Edge.BottomEdge)
        content.addLayout(self._header_row)
        content.addWidget(self.pages, 1)
        self.empty = EmptyState(
            "chart-line",
            self.tr("Train or open a run to see how it goes"),
            self.tr("Open a run…"),
            self._open_run,
        )
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(body)

    def _add_page(
        self, page: QWidget, text: str, icon: str, keywords: str = "", *, scrolls: bool = False
    ) -> None:
        """Add a page, its button and its action."""
        self.pages.addWidget(VerticalScrollArea(page, text) if scrolls else page)
        self._page_widgets.append(page)
        button = QToolButton()
        set_icon(button, icon)
        button.setText(text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setCheckable(True)
        button.setChecked(not self.page_buttons)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        action = self.actions_.add(
            f"observatory.page{len(self.page_buttons) + 1}",
            self.tr("Show {page} of the training").format(page=text.lower()),
            lambda: self.show_page(page),
            category=tool_menu_title("observatory"),
            icon=icon,
            keywords=keywords,
        )
        name(button, text, action.toolTip())
        button.clicked.connect(action.trigger)
        self._group.addButton(button)
        self._header_row.insertWidget(3 + len(self.page_buttons), button)
        self.page_buttons.append(button)

    def _on_run(self) -> None:
        run = self.studio.run if self.studio.run_view is not None else None
        if self.studio.run is None:
            self._disconnect_record()
            self.curves.show_runs(())
        self._stack.setCurrentIndex(0 if run is None else 1)
        if run is not None and (self._record is None or self._record.run != run):
            self._disconnect_record()
            self._record = self.studio.record(run)
            self._record.changed.connect(self._on_record)
            self._record.failed.connect(self.messages.show_failure)
            self._show_runs()
            self._show_tags()
        why_not = "" if run is not None else self.tr("Open a run first")
        for action, tip in self._tips.items():
            self.actions_.set_available(action, tip, why_not)
        self._on_record()

    def _disconnect_record(self) -> None:
        """Stop following the run."""
        if self._record is not None:
            self._record.changed.disconnect(self._on_record)
            self._record.failed.disconnect(self.messages.show_failure)
            self._record = None

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        self.overlaid = with_moved_run(self.overlaid, old, new)
        self.runs.follow(old, new)
        record = self._record
        if record is not None and with_moved_run([record.run], old, new) == [record.run]:
            self._show_runs()

    def _show_runs(self) -> None:
        if self._record is not None:
            run = self._record.run
            self.samples.show_record(self._record)
            self.quality.show_record(self._record)
            shown = [run, *(other for other in self.overlaid if other != run)]
            self.curves.show_runs(shown)
            self.runs.show_runs(shown)

    def _on_record(self) -> None:
        """Update the name of the run, and whether it is being trained here or elsewhere."""
        record = self._record
        if record is None:
            return
        is_ours = self.studio.training_run == record.run
        training = self.studio.training if is_ours else None
        is_training = training is not None
        self.title.setText(record.run.name)
        if training is None:
            self.live.setText(self.tr("● trained elsewhere"))
        elif training.state is State.PAUSED:
            self.live.setText(self.tr("● paused"))
        else:
            self.live.setText(self.tr("● training"))
        # The last records of a training that ended here are not another process's; but one may go
        # on with it, which its owner file then says.
        is_elsewhere = record.trainer is not None or (record.is_live and not is_ours)
        self.live.setVisible(is_training or is_elsewhere)

    def _show_tags(self) -> None:
        if self._record is not None:
            self.tags.setText(" · ".join(read_notes(self._record.run).tags))

    def _write_notes(self) -> None:
        """Switch to the notes on the open run."""
        if self._record is None:
            return
        self.show_page(self.runs)
        self.runs.select([self._record.run])
        self.runs.notes.text.setFocus()

    def _evaluate(self) -> None:
        """Start an evaluation with the current settings, and switch to its page."""
        if self._record is not None:
            self.show_page(self.quality)
            self.quality.evaluate()

    def _compare(self) -> None:
        """Switch to the comparison of the settings of the runs whose curves are shown."""
        self.show_page(self.runs)
        self.runs.select([record.run for record in self.curves.records])

    def _open_run(self) -> None:
        if "file.open_folder" in self.actions_:
            self.actions_["file.open_folder"].trigger()
