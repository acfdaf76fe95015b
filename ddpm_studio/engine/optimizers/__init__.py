"""Optimisers, each behind one small protocol and with one check for finite numbers."""
