"""Adds an entry: looks up what can be known, and leaves to a person only what a person must write."""
