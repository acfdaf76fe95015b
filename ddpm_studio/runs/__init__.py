"""Run folders on the disk: written whole or not at all, safetensors and JSON alone."""

from ddpm_studio.runs import metrics
from ddpm_studio.runs.checkpoint import Checkpoint
from ddpm_studio.runs.folder import RunFolder
from ddpm_studio.runs.info import DataInfo, ProcessInfo, RunInfo

__all__ = ["Checkpoint", "DataInfo", "ProcessInfo", "RunFolder", "RunInfo", "metrics"]
