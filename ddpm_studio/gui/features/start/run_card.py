"""Run card of the start page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QLocale, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QShowEvent

from ddpm_studio.backend import specs
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.widgets.pictures.picture_card import PictureCard
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.covers import RunCover

CARD_HEIGHT = 64
COVER_PICTURES = 24
_RELOAD_MS = 2000


class RunCard(PictureCard):
    """Card of a run, which a click opens; menu, F2 and Delete rename it or move it to the trash.

    The card reloads its cover each time that it is shown, and periodically while the run is being
    trained.
    """

    rename_requested = Signal(object)
    """Emitted with the run (Path) that is to be renamed."""
    trash_requested = Signal(object)
    """Emitted with the run (Path) that is to be moved to the trash."""

    def __init__(self, studio: Studio, run: Path) -> None:
        date = _modified_date(run)
        super().__init__(run.name, tip=f"{run}\n{date}", icon="history", height=CARD_HEIGHT)
        self._studio, self._run, self._modified_date = studio, run, date
        self._reload_timer = QTimer(self, singleShot=True, interval=_RELOAD_MS)
        self._reload_timer.timeout.connect(self._reload_cover)
        studio.backend.closing.connect(self._reload_timer.stop)
        studio.training_changed.connect(self._reload_cover)
        self.clicked.connect(self._open)
        self.set_caption(date)
        for text, icon, key, callback in (
            (self.tr("Open"), "history", "", self._open),
            (self.tr("Rename run…"), "tag", "F2", self._rename),
            (self.tr("Move run to the trash"), "trash-2", "Del", self._trash),
        ):
            action = QAction(text, self)
            set_icon(action, icon)
            action.setShortcut(key)
            action.setShortcutVisibleInContextMenu(True)
            # A key that is held would act on the next card too.
            action.setAutoRepeat(False)
            # Other cards have the same shortcuts.
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(callback)
            self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def showEvent(self, event: QShowEvent) -> None:
        """Reload the cover of the run."""
        super().showEvent(event)
        self._reload_cover()

    def _reload_cover(self) -> None:
        if self.isVisible():
            job = self._studio.backend.submit(specs.covers.run_cover(self._run, COVER_PICTURES))
            job.on_finished(self.show_cover)

    def show_cover(self, cover: RunCover) -> None:
        """Show the run's last samples and how far its training is."""
        self.set_pictures(cover.pictures)
        if cover.in_use:
            self._reload_timer.start()
        step, total = cover.step or 0, cover.total
        if cover.in_use:
            template = self.tr("training: step {n} of {total}")
        elif total is not None and step < total:
            # There is no room for the day as well: the tooltip has it.
            template = self.tr("stopped at step {n} of {total}")
            if cover.step is None:
                template = self.tr("stopped, nothing saved")
        elif cover.step is not None:
            template = self.tr("step {n} · {when}")
        else:
            return
        values = {"n": f"{step:,}", "total": f"{total or 0:,}"}
        self.set_caption(template.format(**values, when=self._modified_date))

    def _open(self) -> None:
        self._studio.open_run(self._run)

    def _rename(self) -> None:
        self.rename_requested.emit(self._run)

    def _trash(self) -> None:
        self.trash_requested.emit(self._run)


def _modified_date(run: Path) -> str:
    """Return the date on which a run was last changed, in the short format of the locale."""
    newest = max(path.stat().st_mtime for path in (run, run / "metrics.jsonl") if path.exists())
    date = datetime.fromtimestamp(newest).date()
    return QLocale().toString(
        QDate(date.year, date.month, date.day), QLocale.FormatType.ShortFormat
    )
