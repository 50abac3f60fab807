"""What runs inside a trial: a Keras training, or any Python function."""
