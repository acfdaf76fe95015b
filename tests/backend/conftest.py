import pytest


@pytest.fixture(autouse=True, scope="module")
def _collected_between(no_automatic_collection: None) -> None:
    """Of tests with Qt."""
