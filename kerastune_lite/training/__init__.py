"""What a trial runs: a Keras training or a plain Python function."""
