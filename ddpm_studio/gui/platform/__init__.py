"""What lies between the program and the system: crash log, translations, collector, pictures."""
