"""The endurance tests: one module each, with ``endure(scale: float) -> Outcome``.

``scale`` is the fraction of the full length: 1.0 for the results that count, less to try a test
out.
"""
