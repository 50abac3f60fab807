"""Example search spaces: each file has a `build_model(hp)`, its data, and a `main` to run it."""
