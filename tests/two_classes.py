"""Fixture: a folder of pictures in two classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def class_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write six 16-px RGB pictures in two classes, dark and bright; return their folder."""
    folder = tmp_path_factory.mktemp("classes")
    for name, level in (("dark", 20), ("bright", 210)):
        (folder / name).mkdir()
        for k in range(3):
            picture = np.full((16, 16, 3), level + 5 * k, np.uint8)
            Image.fromarray(picture).save(folder / name / f"{k}.png")
    return folder
