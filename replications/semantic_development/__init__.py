"""Linear networks whose learning can be calculated: how concepts emerge in stages, and what transfers between tasks.

Saxe, McClelland and Ganguli solve the learning of a linear network with one hidden layer exactly. Its map splits into
modes, the singular vectors of the data, and each mode grows along a sigmoid whose speed is its singular value. In
hierarchical data the broad distinctions have the largest singular values, so they are learned first, in bursts, and
before the fine ones are learned the network is under illusions (a salmon that flies). Without a hidden layer all this
is absent. Lampinen and Ganguli add noise: it inflates the singular values and turns the singular vectors, which gives
the test error over training, the best moment to stop, and how much a second task helps or harms.

Everything here is trained from scratch at the papers' own scale (scale: paper); the theory has no fitted parameter.

## Symbols

| paper | here | meaning |
|---|---|---|
| Σʸˣ, Σ³¹ | `data`, `noisy` | input-output correlation; inputs are white, so it is what the network should compute |
| W¹, W² (W²¹, W³²) | `w1`, `w2` | weights into and out of the hidden layer |
| uᵅ, vᵅ, s of mode α | columns of `u` and `v`, `s` | modes of the data: output vector, input vector, strength |
| a(t), b(t) | `deep_strength`, `shallow_strength` | strength of a mode, with and without a hidden layer |
| a₀, b₀, ε | `start` | strength at the start |
| τ | 1 / learning rate | time constant; time is counted in τ (Saxe) or in epochs (Lampinen) |
| s̄, ŝ | `signal`, `noisy_singular_value` | singular value of the noiseless teacher (its SNR), and of the noisy data |
| 𝒜 | `aspect` | outputs per input, at most 1 |
| O(s̄) | `overlap` | product of the overlaps of noiseless and noisy singular vectors |
| N₁, N₂, N₃ | `inputs`, `hidden`, `outputs` | sizes of the layers |
| TA | aligned student | student that starts with the singular vectors of its training data |
| T(A←B) | `transfer` | optimal stopping error of task A alone minus that with task B beside it |
| q | `alignment` | cosine between the input vectors of the two tasks |
"""
