"""The site: hand-written pages, page templates, and the pure functions that derive pages from the records."""
