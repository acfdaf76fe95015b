import pytest


@pytest.fixture(autouse=True, scope="module")
def _collected_between(no_automatic_collection: None) -> None:
    """Disable automatic garbage collection, because these tests use Qt."""
