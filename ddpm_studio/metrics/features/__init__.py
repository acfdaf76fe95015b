"""Feature spaces: from pictures to vectors that a distance between sets is taken in."""
