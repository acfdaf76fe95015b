"""Qt window: views of the studio's model; all computation is done in the backend."""
