"""Whatever is dropped → one memory-mapped uint8 array, labels and a report of rejects."""

from ddpm_studio.data.dataset import Dataset
from ddpm_studio.data.preparing import prepare
from ddpm_studio.data.previewing import PreviewResult, preview
from ddpm_studio.data.progress import Progress
from ddpm_studio.data.report import Reject, Report
from ddpm_studio.data.samples import SampleSet, sample_sets
from ddpm_studio.data.single import fit_picture

__all__ = [
    "Dataset",
    "PreviewResult",
    "Progress",
    "Reject",
    "Report",
    "SampleSet",
    "fit_picture",
    "prepare",
    "preview",
    "sample_sets",
]
