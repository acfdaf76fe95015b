"""Class labels of pictures: one module for each kind of label source."""
