"""Script that starts the window, clicks on the first ready model, and waits for a picture.

Run it as ``python -c SCRIPT``; it needs only the installed package. It prints one JSON object, in
which ``drawn`` is the time (in seconds since the epoch) at which the picture was complete.
"""

SCRIPT = """
import json, sys, time
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
import ddpm_studio
from ddpm_studio.gui.features.start.ready_card import ReadyCard
from ddpm_studio.gui.shell.app import run_window
from ddpm_studio.gui.shell.main_window import MainWindow

class Clicks(QObject):
    count = 0
    def eventFilter(self, watched, event):
        pressed = (QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress)
        if event.type() in pressed and watched.isWidgetType():
            Clicks.count += 1
        return False

app = QApplication([])
clicks = Clicks()
app.installEventFilter(clicks)

def look():
    for window in app.topLevelWidgets():
        if not isinstance(window, MainWindow) or not window.tabs.count():
            continue
        if Clicks.count == 0:
            cards = [card for card in window.findChildren(ReadyCard) if card.isVisible()]
            if cards:
                QTest.mouseClick(cards[0], Qt.MouseButton.LeftButton)
        elif window.tabs.find_panel("reverse").trajectory.recipe:
            timer.stop()
            told = {"drawn": time.time(), "clicks": Clicks.count, "run": str(window.studio.run)}
            print(json.dumps({**told, "package": ddpm_studio.__file__}), flush=True)
            window.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(10)
sys.exit(run_window())
"""
