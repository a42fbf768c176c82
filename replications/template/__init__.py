"""What is replicated, of which paper, and at which scale, in a few sentences a student can follow.

This template estimates the mean of random numbers, so that every stage has something real to do. Replace it:
`claims.yml` first, then `dataset.py` and `method.py` with tests that know the answer, then the stages and the notebook.

## Symbols

| paper | here | meaning |
| --- | --- | --- |
| μ | `mean` | the mean of the distribution |
"""
