"""Locating and editing factual associations: causal tracing, and rank-one model editing (ROME).

"The Eiffel Tower stands in the country of" is continued with "France". Where in the network is that stored? Causal
tracing spoils the subject with noise, puts single clean states back, and sees which of them bring the answer back. The
paper finds an early site: the MLPs of middle layers, at the last token of the subject. ROME then reads one of these
MLPs as a linear memory of keys (subjects) and values (facts) and writes a new fact into it by an update of rank one.
The default setting puts SmolLM2-135M in the place of GPT-2 XL (scale: substitute) and facts of our own in the place of
CounterFact; the paper's own settings are the same code. Beside it stands the question of Hase et al. 2023: does it help
an edit to know where tracing sees the fact?

Layers are counted from 0. A hidden state of layer l is the residual stream after that layer.

## Symbols

| paper | here | meaning |
|---|---|---|
| (s, r, o) | `Fact.subject`, `.prompt`, `.target_true` | subject, relation (as a prompt) and object |
| o^c, o* | `target_true`, `target_new` | the true object, and the one that an edit puts in its place |
| P[o], P*[o], P*, clean h[o] | `clean`, `corrupted`, `restored` | probability of o; the last with a state put back |
| TE, ATE | `clean - corrupted` | total effect of the corruption, and its mean |
| IE, AIE | `restored - corrupted` | indirect effect of a state, and its mean |
| ν = 3 σ_t | `noise` | size of the noise on the subject's embeddings |
| h, a, m | `residual`, `attention`, `mlp` | residual stream, and what attention and MLP add to it |
| W_proj | `w_down` | second matrix of an MLP: from a key to a value |
| k* | `find_key` | what W_proj reads at the subject's last token, mean over prefixes |
| v* | `find_value` | what W_proj should write there, found by gradient descent |
| C = K Kᵀ | `second_moments` | uncentred covariance of the keys of ordinary text, divided by their number |
| Λ (C⁻¹ k*)ᵀ | `rank_one_update` | the change of W_proj |
| ES, PS, NS, S | `Scores` | efficacy, paraphrase and neighbourhood score, and their harmonic mean |
| EM, PM, NM | `Scores` | the same as differences of probability |
| GE, RS | `ngram_entropy`, `consistency` | fluency and consistency of generated texts |
"""
