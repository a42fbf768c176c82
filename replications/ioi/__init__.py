"""Indirect object identification, first half (§ 2 and § 3.1): the behaviour, and the heads that write the answer.

"When Mary and John went to the store, John gave a drink to" is continued with "Mary": the name that was not repeated.
We measure how surely a model does it, find the heads that bring the answer to the last position by path patching, and
check that they attend to the indirect object and copy what they attend to. The default setting puts SmolLM2-135M in
the place of GPT-2 small (scale: substitute); the paper's own setting is the same code.

Effects are changes, patched minus clean, as in Figure 3b: a head that helps has a **negative** effect.

## Symbols

| paper | here | meaning |
|---|---|---|
| IO | `io` | the indirect object, the right answer; the first clause names it once |
| S, S1, S2 | `s`, `s1`, `s2` | the subject and its two occurrences |
| END | last position | the position that predicts the answer |
| p_IOI | `Prompt.text` | the distribution of prompts |
| p_ABC | `Prompt.corrupted_text` | the same with three unrelated names (A, B, C) in place of IO, S1, S2 |
| x_orig, x_new | `clean`, `corrupted` | a prompt of p_IOI and its counterpart of p_ABC |
| h_{i,j}(X) | `head_outputs` | what head i.j writes into the residual stream at END |
| W_OV | `W_V` then `W_O` | what a head would write if it attended to one position alone |
| W_U[N] | `name_directions` | the unembedding vector of name N |
| logit difference | `logit_difference` | logit of IO minus logit of S, at END |
| direct effect of h | `direct_effects` | change of the logit difference when h -> final residual stream is patched |
| Name Mover Heads | `name_movers` | direct effect at most -line: without the head the answer is less sure |
| Negative Name Mover Heads | `negative_name_movers` | direct effect at least +line |
"""
