"""Lazy imports: plots, chapters and torch aren't loaded before they are needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_CODE = """
import sys
from PySide6.QtWidgets import QApplication
app = QApplication([])
from ddpm_studio.backend import Backend
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
window = MainWindow(Studio(Backend()), open_settings())
window.show()
app.processEvents()
print(*sys.modules)
window.build_tools()
app.processEvents()
print(*sys.modules)
window.tool(type(window.tabs.panels[-2])).show_concept("score")
print(*sys.modules)
window.deleteLater()
"""


def test_plots_and_chapters_come_when_they_are_looked_at(tmp_path: Path) -> None:
    folders = {f"DDPM_STUDIO_{name}": str(tmp_path / name) for name in ("CONFIG", "RUNS", "CACHE")}
    done = subprocess.run(
        [sys.executable, "-c", _CODE],
        env={**os.environ, **folders, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    painted, built, learning = (set(line.split()) for line in done.stdout.splitlines())
    learn = "ddpm_studio.gui.features.learn"
    assert not {"torch", "pyqtgraph", learn} & painted
    assert not {"torch", "pyqtgraph", f"{learn}.playground_panel"} & built
    assert f"{learn}.learn_panel" in built
    assert {"pyqtgraph", f"{learn}.playground_panel"} <= learning
