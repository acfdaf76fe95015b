"""The window: views of the studio's model; nothing here computes."""
