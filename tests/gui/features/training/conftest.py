"""Fixtures of a toy ready model: trained, evaluated and packed once, placed as if shipped."""

from tests.ready_models import ready, toy_packed, toy_pictures, toy_run

__all__ = ["ready", "toy_packed", "toy_pictures", "toy_run"]
