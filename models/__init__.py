"""Search spaces to use and to copy: each file a `build_model(hp)`, its data, and a `main` to run it."""
