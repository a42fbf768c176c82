"""Speed against what a user would take instead; run with `make bench`."""
