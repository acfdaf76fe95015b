"""One file a panel; panels know the studio, not each other."""
