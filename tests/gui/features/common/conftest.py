"""Pictures in classes, the same as those of the jobs' tests."""

from __future__ import annotations

from tests.jobs.conftest import class_folder

__all__ = ["class_folder"]
