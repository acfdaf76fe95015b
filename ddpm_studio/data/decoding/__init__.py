"""One picture's bytes → pixels, in this process or in a pool of others."""
