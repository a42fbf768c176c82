"""Associative memories that hold more patterns than they have neurons: powers, the exponential, and attention.

A Hopfield network stores patterns as minima of an energy and completes a damaged pattern by going downhill. The
classical energy is a sum of squared overlaps, and holds about 0.14 patterns per neuron. Krotov and Hopfield raise the
overlap to a higher power n, and the capacity becomes a power n - 1 of the number of neurons. Demircigil and others take
the exponential, and prove that exponentially many patterns are held, and restored from a fixed fraction of wrong bits
in one update. Ramsauer and others let the state be continuous, and the update becomes the attention of the transformer.

Here random patterns are stored, as in the papers (scale: paper), capacities are searched for, and their growth is
fitted. The capacities of binary memories (exact retrieval) and of continuous ones (retrieval within a distance) are
different things and are never compared.

## Symbols

| paper | here | meaning |
|---|---|---|
| N | `neurons` | number of neurons, ±1 each |
| M, K | `load` | number of stored patterns |
| pattern ξ | rows of `patterns` | stored patterns |
| σ | rows of `states` | states |
| F | `interaction` | function of the overlap in the energy: xⁿ or eˣ |
| T(σ) | `update_bits` | new value of bit i: the one with the lower energy |
| ρ | `wrong` / `neurons` | fraction of wrong bits |
| α | rate | ln M / N |
| I(a) | `rate_function` | how fast overlaps of a N die out: probability exp(-N I(a)) |
| X | rows of `patterns` | continuous patterns (here N is their number, d their dimension) |
| ξ, f(ξ) | `states`, `retrieve` | state and updated state |
| M = K √(d-1) | `radius` | length of the patterns |
| β | `beta` | inverse temperature |
| Δ | `separation` | how much more a pattern overlaps with itself than with any other |
"""
