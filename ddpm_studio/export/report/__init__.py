"""HTML renderer of reports, as one file: blocks, SVG plots, and the page; torch-free."""
