"""Platform: crash log, translations, garbage collection, pictures between Qt and the system."""
