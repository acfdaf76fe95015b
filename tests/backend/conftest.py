from tests.collecting import no_automatic_collection

__all__ = ["no_automatic_collection"]
