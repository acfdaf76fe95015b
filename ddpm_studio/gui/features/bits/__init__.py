"""Bits: what each step costs in bits/dim."""
