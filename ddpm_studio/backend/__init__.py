"""The window's backend: a thread for the device, a pool for the rest, and handles of their jobs."""

from ddpm_studio.backend.handle import JobHandle, State
from ddpm_studio.backend.service import Backend
from ddpm_studio.backend.spec import JobSpec, Lane

__all__ = ["Backend", "JobHandle", "JobSpec", "Lane", "State"]
