"""Training metrics as columns: NumPy arrays from the rows of ``metrics.jsonl``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ddpm_studio.jobs.library.metric_arrays import losses_by_t


def as_columns(rows: Sequence[dict[str, Any]]) -> dict[str, npt.NDArray[Any]]:
    """Return one array for each metric, see :meth:`ddpm_studio.api.run.Run.metrics`."""
    names = {
        name: isinstance(value, list)
        for row in rows
        for name, value in row.items()
        if not isinstance(value, str)
    }
    columns: dict[str, npt.NDArray[Any]] = {"step": np.array([r["step"] for r in rows], np.int64)}
    for name, is_list in names.items():
        if name != "step":
            values = [losses_by_t(row.get(name)) if is_list else row.get(name) for row in rows]
            columns[name] = np.array(values, np.float64)
    return columns
