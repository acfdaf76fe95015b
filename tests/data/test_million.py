"""Memory use while preparing a million tiny pictures; takes minutes, so only on request.

``python -m pytest -n 0 -m slow tests/data/test_million.py``
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tests.data.pictures import encoded, image, noise

COUNT = 1_000_000
MAX_BYTES = 1 << 30
_CODE = """
import sys
from pathlib import Path
from ddpm_studio.data import prepare
from ddpm_studio.engine.generators import finish
from ddpm_studio.requests import PrepareOptions
source, cache = map(Path, sys.argv[1:3])
data = finish(prepare([source], PrepareOptions(), cache=cache))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(len(data), len(data.class_names), int(peak.split()[1]) << 10)
"""


def tar(path: Path) -> None:
    kinds = [encoded(image(one)) for one in noise(16, 8, 8)]
    with tarfile.open(path, "w") as archive:
        for number in range(COUNT):
            info = tarfile.TarInfo(f"{number % 10}/{number:07}.png")
            info.size = len(kinds[number % 16])
            archive.addfile(info, io.BytesIO(kinds[number % 16]))


def npy(path: Path) -> None:
    np.save(path, np.random.default_rng(0).random((COUNT, 8, 8), np.float32))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory as Linux tells it")
@pytest.mark.parametrize(("name", "make"), [("a.tar", tar), ("a.npy", npy)])
def test_a_million_pictures_take_little_memory(
    tmp_path: Path,
    name: str,
    make: object,
    record_property: object,
    pytestconfig: pytest.Config,
) -> None:
    if pytestconfig.getoption("markexpr") != "slow":
        pytest.skip("takes minutes; run with -m slow")
    assert callable(make)
    assert callable(record_property)
    make(tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(tmp_path / name), str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        check=True,
    )
    count, classes, peak = map(int, done.stdout.split())
    assert (count, classes) == (COUNT, 10 if name == "a.tar" else 0)
    record_property("peak_mib", peak >> 20)
    assert peak < MAX_BYTES, f"{peak >> 20} MiB"
