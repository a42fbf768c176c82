"""What needs a network: whether links are alive, and what Crossref, DataCite and arXiv say about an entry."""
