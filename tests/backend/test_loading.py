"""What loads when: a model can be drawn with before that is there which only a training needs."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys, time
from PySide6.QtCore import QCoreApplication, QTimer
from ddpm_studio.backend import Backend

app = QCoreApplication([])
backend = Backend()
until = time.monotonic() + 60

def loaded():
    if "torch.optim.adam" in sys.modules and "torch._dynamo" in sys.modules:
        print("then")
        app.quit()
    elif time.monotonic() > until:
        app.quit()

def ready(device):
    print("torch" in sys.modules, "torch._dynamo" in sys.modules)
    timer.start(20)

timer = QTimer()
timer.timeout.connect(loaded)
backend.ready.connect(ready)
print("torch" in sys.modules)
backend.start()
app.exec()
backend.shutdown()
"""


def test_training_loads_in_the_first_lull() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=120
    )
    assert told.stdout.split() == ["False", "True", "False", "then"], told.stderr
