"""The Data dock: opening pictures, their preparation, and its report."""
