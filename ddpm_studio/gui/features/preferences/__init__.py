"""The settings as a person sees them: the dialogue, and what each of them does."""
