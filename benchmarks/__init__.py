"""What is claimed, measured: one command each, peers beside us in the same run."""
