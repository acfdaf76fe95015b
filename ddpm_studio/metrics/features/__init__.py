"""Feature spaces: maps from pictures to the vectors that metrics compare."""
