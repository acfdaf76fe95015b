"""The window's backend: device thread, thread pool, and handles of the jobs that they run."""

from ddpm_studio.backend.handle import JobHandle, State
from ddpm_studio.backend.service import Backend
from ddpm_studio.backend.spec import JobSpec, Lane

__all__ = ["Backend", "JobHandle", "JobSpec", "Lane", "State"]
