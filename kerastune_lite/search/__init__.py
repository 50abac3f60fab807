"""Runs a search: settings, the loop, and a session from opening the study to closing it."""
