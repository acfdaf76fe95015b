"""Plot widgets: loss curves, line plots, sparklines, bar plots, heat maps."""
