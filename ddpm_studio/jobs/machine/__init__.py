"""Device, precision, threads, torch.compile and ranks: what a job computes on, and how fast."""
