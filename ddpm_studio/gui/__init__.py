"""Qt window: views of the studio's model; the computations are left to the backend."""
