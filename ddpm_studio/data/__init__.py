"""Whatever is dropped → one memory-mapped uint8 array, labels and a report of rejects.

The names are loaded at first use: the window knows :class:`Progress` before it needs decoders.
"""

from typing import TYPE_CHECKING

from ddpm_studio.lazy import loader

if TYPE_CHECKING:
    from ddpm_studio.data.dataset import Dataset
    from ddpm_studio.data.preparing import find_prepared, prepare
    from ddpm_studio.data.previewing import PreviewResult, preview
    from ddpm_studio.data.progress import Progress
    from ddpm_studio.data.report import Reject, Report
    from ddpm_studio.data.samples import SampleSet, sample_sets
    from ddpm_studio.data.single import fit_picture, read_picture

__all__ = [
    "WORKER_WORD",
    "Dataset",
    "PreviewResult",
    "Progress",
    "Reject",
    "Report",
    "SampleSet",
    "find_prepared",
    "fit_picture",
    "prepare",
    "preview",
    "read_picture",
    "sample_sets",
]

WORKER_WORD = "--look-at-pictures"
"""The word on the command line that makes the frozen program one of its decoding processes."""

__getattr__ = loader(
    __name__,
    {
        "Dataset": "dataset",
        "PreviewResult": "previewing",
        "Progress": "progress",
        "Reject": "report",
        "Report": "report",
        "SampleSet": "samples",
        "find_prepared": "preparing",
        "fit_picture": "single",
        "prepare": "preparing",
        "preview": "previewing",
        "read_picture": "single",
        "sample_sets": "samples",
    },
)
