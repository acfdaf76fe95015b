"""Report of a run: counterparts of the paper's figures and tables, as one HTML file."""
