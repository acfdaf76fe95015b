"""Form fields: numbers, seeds, choices, colours, folders."""
