"""One thread, one queue, one device: what runs behind the window."""

from ddpm_studio.backend import tasks
from ddpm_studio.backend.service import Backend
from ddpm_studio.backend.task import Job, Lane, State, Task

__all__ = ["Backend", "Job", "Lane", "State", "Task", "tasks"]
