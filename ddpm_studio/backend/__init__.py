"""One thread, one queue, one device: what runs behind the window."""

from ddpm_studio.backend.service import Backend
from ddpm_studio.backend.spec import Job, Lane, State, Task
from ddpm_studio.backend.specs import drawing as tasks

__all__ = ["Backend", "Job", "Lane", "State", "Task", "tasks"]
