"""The Tuning tab of TensorBoard: shows the searches of kerastune_lite. Imports the standard library and tensorboard."""
