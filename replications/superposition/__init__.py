"""Small networks that store more features than they have dimensions, and how these features arrange themselves.

Elhage et al. squeeze n synthetic, sparse features through m < n dimensions and out again. A linear model keeps the
m most important features. One ReLU at the output changes this: if features are rarely active together, the model
stores more of them than it has dimensions, in superposition. Whether a feature is dropped, shares a dimension or
gets its own changes abruptly with density and importance, and features that share space form antipodal pairs,
triangles, pentagons and tetrahedra. Features that occur together avoid each other's directions, and interference is
what an adversary can use.

Everything here is trained from scratch at the paper's own scale (scale: paper).

## Symbols

| paper | here | meaning |
|---|---|---|
| x, x' | `x`, `output` | features, and what the model gives back |
| n, m | `features`, `hidden` | number of features, number of dimensions |
| W | `weight`, (…, m, n) | column i is the direction of feature i |
| b | `bias`, (…, n) | bias of the output |
| 1 − S | `density` | probability that a feature is not zero |
| I | `importance` | weight of a feature in the loss |
| D* | `dimensions_per_feature` | m / ‖W‖² |
| Dᵢ | `dimensionality` | fraction of a dimension that feature i has |
| Σⱼ (Ŵᵢ·Wⱼ)², j ≠ i | `interference` | how much others project on a feature; in superposition from 1/2 on |
| λ | `length` | length of an attack, a tenth of the mean length of an input |
"""
