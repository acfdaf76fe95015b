"""A toy model, trained, evaluated and packed once, and where it lies as if it shipped."""

from tests.ready_models import ready, toy_packed, toy_pictures, toy_run

__all__ = ["ready", "toy_packed", "toy_pictures", "toy_run"]
