"""Form widgets: request forms, and editors of numbers, seeds, choices, colours and folders."""
