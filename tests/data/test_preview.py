from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.data import preview, previewing
from ddpm_studio.data.samples import sample_sets
from ddpm_studio.requests import PrepareOptions
from tests.data.pictures import encoded, image, noise


def test_a_busy_machine_makes_no_set_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview shows at least one picture, even if its time is over once the files are listed."""
    monkeypatch.setattr(previewing, "_MAX_SECONDS", -1.0)
    source: Path = sample_sets()[0].path
    assert len(preview([source], PrepareOptions(), 4).pictures) == 1


def test_a_picture_beside_a_table_of_pictures_is_one_of_all(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pixels = noise(6)
    cells = [{"bytes": encoded(image(one)), "path": None} for one in pixels[:5]]
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"image": cells}), tmp_path / "data" / "train.parquet")
    image(pixels[5]).save(tmp_path / "thumbnail.png")
    (tmp_path / "README.md").write_text("about")
    result = preview([tmp_path], PrepareOptions())
    assert result.found == 6
    np.testing.assert_array_equal(result.pictures, pixels)
