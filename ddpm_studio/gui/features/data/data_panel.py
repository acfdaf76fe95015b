"""The Data dock: opening, viewing and preparing pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, State
from ddpm_studio.data.samples import sample_sets, title_of
from ddpm_studio.engine.sizes import size_text
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.data.classes_view import ClassesView
from ddpm_studio.gui.features.data.reading_bar import ReadingBar
from ddpm_studio.gui.features.data.report_view import ReportView
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.layout.basics import button, name
from ddpm_studio.gui.widgets.layout.collapsible import CollapsibleHeading
from ddpm_studio.gui.widgets.layout.drop_zone import DropZone
from ddpm_studio.gui.widgets.layout.scroll_areas import FillingScrollArea
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.picture_classes import CLASS
from ddpm_studio.requests import PrepareOptions

_DEBOUNCE_MS = 150
# Labels and classes have a view of their own; the rules of reading are those of the run.
_FIELDS = ("image_size", "channels", "fit", "background")
_MORE = ("range", "layout", "bands", "frames", "split", "array")


class DataPanel(QWidget):
    """Opens pictures, shows them as a network will learn from them, and edits their preparation."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._actions = actions
        self._reading: JobHandle[object] | None = None
        self.zone = DropZone()
        self.zone.dropped.connect(studio.open_paths)
        self.zone.choose_requested.connect(actions["file.open_folder"].trigger)
        self._training_data_action = actions.add(
            "file.open_learnt",
            self.tr("Open the pictures of this run"),
            self._open_training_data,
            category=self.tr("&File"),
            icon="images",
            enabled=False,
        )
        self._set_tooltip = actions.set_tooltip
        self.training_data_button = ActionButton(self._training_data_action, "images", "link")
        self.reading = ReadingBar()
        self.reading.cancel_requested.connect(self._cancel)
        self.reading.again_requested.connect(self._read_again)
        self.thumbnails = PictureGrid(self.tr("Prepared pictures"))
        self.thumbnails.tooltip_for = self._describe
        self.thumbnails.extra_recipe = self._extra_recipe
        PictureMenu(studio, self.thumbnails)
        self.report = ReportView()
        self.back_button = button(
            self.tr("Back"), self.tr("Keep the pictures that are open"), role="link"
        )
        self.back_button.clicked.connect(studio.dismiss_refused)
        self.classes = ClassesView()
        self.classes.chosen.connect(self._on_classes)
        self.form = RequestForm(PrepareOptions, _FIELDS, _MORE)
        # The form keeps the fields that it does not edit; setting them is no change by a person.
        self.form.set_value(studio.options)
        self.form.changed.connect(self._on_form)
        self.options_fold = CollapsibleHeading(self.tr("Preparation"), self.form)
        self._debounce_timer = QTimer(self, singleShot=True, interval=_DEBOUNCE_MS)
        self._debounce_timer.timeout.connect(self._prepare_again)
        # The pictures and options that the form shows, or has shown until somebody changed it.
        self._shown_state: tuple[Sequence[Path], PrepareOptions] = studio.sources, studio.options
        self._spacer = QWidget()
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.zone)
        layout.addLayout(self._buttons())
        layout.addWidget(self.training_data_button, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.reading)
        layout.addWidget(self.thumbnails, 1)
        layout.addWidget(self.report)
        layout.addWidget(self.back_button, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.classes)
        layout.addWidget(self.options_fold, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.form)
        layout.addWidget(self._spacer, 1)
        # The contents may be taller than the window, which must not grow with them.
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(FillingScrollArea(content, self.tr("Data")))
        studio.data_changed.connect(self._show)
        studio.backend.started.connect(self._on_started)
        studio.backend.ready.connect(self._show_reading)
        studio.backend.load_failed.connect(self._show_reading)
        studio.run_changed.connect(self._on_run)
        self._show()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE_S)
        for action_id, text in (
            ("file.open_folder", self.tr("Folder")),
            ("file.open_files", self.tr("Files")),
        ):
            open_button = self._button(text)
            action = self._actions[action_id]
            # A button shows its action's icon text, also after the action has changed.
            action.setIconText(text)
            open_button.setDefaultAction(action)
            row.addWidget(open_button, 1)
        self.sample_button = self._button(self.tr("Samples"))
        set_icon(self.sample_button, "images")
        name(self.sample_button, self.tr("Samples"), self.tr("Open pictures that ship with it"))
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for sample in sample_sets():
            action = menu.addAction(sample.title)
            action.setToolTip(sample.notice)
            action.setData(sample)
            action.triggered.connect(self._open_sample)
        self.sample_button.setMenu(menu)
        self.sample_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row.addWidget(self.sample_button, 1)
        return row

    def _button(self, text: str) -> QToolButton:
        tool_button = QToolButton()
        tool_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        tool_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        tool_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        tool_button.setText(text)
        name(tool_button, text)
        return tool_button

    def _open_sample(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            sample = action.data()
            self._studio.open_data([sample.path], sample.options)

    def _on_started(self, job: JobHandle[object]) -> None:
        if job.spec.slot == "prepare":
            self._reading = job
            job.changed.connect(self._show_reading)
            self._show_reading()

    def _show_reading(self) -> None:
        self.reading.show_job(self._reading, self._waiting_text())

    def _waiting_text(self) -> str:
        """Return the text shown until reading reports progress, such as the job it waits for."""
        job, backend = self._reading, self._studio.backend
        if job is None or not self._studio.sources:
            return ""
        if backend.device is None and backend.load_failure is None:
            return self.tr("Starting torch to read {0}…").format(self._title(self._studio.sources))
        if job.state is State.WAITING:
            for other in backend.jobs.values():
                if other.state is State.RUNNING and other.spec.listed:
                    return self.tr("Waiting for: {0}").format(other.spec.title)
        return self.tr("Reading {0}…").format(self._title(self._studio.sources))

    def _open_training_data(self) -> None:
        view = self._studio.run_view
        if view is not None:
            self._studio.open_data(view.sources, view.options)

    def _on_run(self) -> None:
        """Open the pictures that a training under way learns from, where none are open."""
        self._offer_training_data()
        studio, view = self._studio, self._studio.run_view
        if studio.sources or studio.training is None or view is None or not view.sources:
            return
        if view.summary.path == studio.training_run:
            self._open_training_data()

    def _offer_training_data(self) -> None:
        """Offer the pictures that the open run was trained on, unless they are open."""
        view = self._studio.run_view
        trained_on = [path.resolve() for path in view.sources] if view is not None else []
        open_paths = [path.resolve() for path in self._studio.sources]
        differs = bool(trained_on) and trained_on != open_paths
        self._training_data_action.setEnabled(differs)
        # Next to pictures that someone has opened, the offer would be unwanted.
        self.training_data_button.setVisible(differs and not self._studio.sources)
        names = ", ".join(path.name for path in view.sources[:3]) if view and differs else ""
        self._set_tooltip(
            "file.open_learnt",
            self.tr("{run} was trained on {pictures}").format(run=view.summary.name, pictures=names)
            if view and differs
            else self.tr("Open a run first, one that was trained on other pictures"),
        )

    def _cancel(self) -> None:
        if self._reading is not None:
            self._studio.backend.cancel(self._reading)

    def _read_again(self) -> None:
        self._studio.set_options(self._studio.options)

    def _on_form(self) -> None:
        self._debounce_timer.start()

    def _on_classes(self, labels: str | None, names: dict[str, str]) -> None:
        """Apply another source of the class labels, or other names of classes."""
        changes = {"labels": labels, "classes": names}
        options = self._studio.options.model_copy(update=changes)
        self.form.set_value(changes)
        if options != self._studio.options:
            self._studio.set_options(options)

    def _prepare_again(self) -> None:
        """Prepare again with the options shown; an invalid value is marked in the form."""
        try:
            options = self.form.value()
        except StudioError:
            return
        refused = self._studio.refused
        if refused is not None and options != refused.options:
            self._studio.open_data(refused.sources, options)
        elif refused is None and options != self._studio.options:
            self._studio.set_options(options)

    def _show(self) -> None:
        """Show the studio's pictures: none, a preview, or all; or why they were refused."""
        studio, refused = self._studio, self._studio.refused
        is_open = bool(studio.sources)
        shown_options = studio.options if refused is None else refused.options
        self._offer_training_data()
        self.zone.set_compact(is_open)
        self.options_fold.set_available(is_open or refused is not None)
        self.thumbnails.setVisible(is_open and refused is None)
        self.back_button.setVisible(is_open and refused is not None)
        self._spacer.setVisible(not self.thumbnails.isVisibleTo(self))
        self._follow(studio.sources if refused is None else refused.sources, shown_options)
        if refused is not None:
            self.report.show_refused(self._title(refused.sources), refused.failure)
            self.classes.hide()
            return
        if not is_open:
            self.thumbnails.set_pictures(None)
            self.report.clear()
            self.classes.hide()
            self.reading.hide()
        elif studio.dataset is not None:
            self.thumbnails.set_pictures(studio.dataset.images, recipe=self._origin())
            self.report.show_dataset(studio.dataset)
            found, options = studio.dataset.report, studio.options
            self.classes.show_found(
                found.label_choices, options.labels, found.classes_found, options.classes
            )
        elif studio.preview is not None:
            # Until the new ones are there, the old ones stay: nothing flickers.
            self.thumbnails.set_pictures(studio.preview.pictures, recipe=self._origin())
            self.report.show_preview(self._title(studio.sources), studio.preview)

    def _follow(self, sources: Sequence[Path], options: PrepareOptions) -> None:
        """Show changed options in the form; what is being typed meanwhile stays.

        It may be incomplete, as "96 x" on its way to "96 x 64" while the pictures are read.
        """
        if sources != self._shown_state[0]:
            # What was typed was for other pictures.
            self._debounce_timer.stop()
        if (sources, options) == self._shown_state or self._debounce_timer.isActive():
            return
        self._shown_state = sources, options
        if self.form.values() != dict(options):
            self.form.set_value(options)

    def _title(self, sources: Sequence[Path]) -> str:
        first, *others = sources
        return self.tr("{n} files").format(n=1 + len(others)) if others else title_of(first)

    def _origin(self) -> dict[str, object]:
        return {"kind": "data", "source": self._title(self._studio.sources)}

    def _extra_recipe(self, index: int) -> dict[str, object]:
        """Return the metadata of a picture that is taken from here: its class, if it has one."""
        dataset = self._studio.dataset
        class_name = None if dataset is None else dataset.class_of(index)
        return {} if class_name is None else {CLASS: class_name}

    def _describe(self, index: int) -> str:
        """Return the tooltip of a picture: its file and size, or its number and class."""
        dataset, preview = self._studio.dataset, self._studio.preview
        if dataset is None:
            if preview is None:
                return ""
            width, height = preview.sizes[index]
            return f"{preview.names[index]} · {size_text(width, height)}"
        text = self.tr("Picture {n}").format(n=f"{index + 1:,}")
        class_name = dataset.class_of(index)
        return text if class_name is None else f"{text} · {class_name}"
