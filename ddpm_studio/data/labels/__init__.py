"""Which class each picture is of: one file for each place that may say so."""
