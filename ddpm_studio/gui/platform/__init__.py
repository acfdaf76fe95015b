"""Platform services: crash log, translations, garbage collection, images and the clipboard."""
