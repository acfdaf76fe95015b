"""The long forms: a module each, with ``endure(scale: float) -> Outcome``.

``scale`` is the share of the full length that was asked for: 1.0 for the figures that count,
less to try it out.
"""
