"""Fixtures of a toy model: trained, evaluated and packed once; and installed as a ready model."""

from tests.ready_models import ready, toy_packed, toy_pictures, toy_run

__all__ = ["ready", "toy_packed", "toy_pictures", "toy_run"]
