"""Decoding of pictures: bytes → pixels, in this process or in a pool of worker processes."""
