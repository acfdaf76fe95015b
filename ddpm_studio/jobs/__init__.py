"""Long jobs: plain generators that yield events and know nothing of who listens."""

from ddpm_studio.jobs.describe import RunSummary, describe_run
from ddpm_studio.jobs.interpolate import interpolate
from ddpm_studio.jobs.models import Model, ModelStore
from ddpm_studio.jobs.pictures import load_picture
from ddpm_studio.jobs.sample import sample
from ddpm_studio.jobs.share import share
from ddpm_studio.jobs.train import TrainResult, train

__all__ = [
    "Model",
    "ModelStore",
    "RunSummary",
    "TrainResult",
    "describe_run",
    "interpolate",
    "load_picture",
    "sample",
    "share",
    "train",
]
