"""A report as one HTML file: its blocks, its plots, and the page that they stand on; torch-free."""
