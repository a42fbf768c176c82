"""Replications of papers, one folder each; `common` holds what they share, `template` is where a new one starts."""
