"""Indirect object identification: the behaviour, the circuit that does it, and three criteria for the circuit.

"When Mary and John went to the store, John gave a drink to" is continued with "Mary": the name that was not repeated.
We measure how surely a model does it, find the heads that write the answer by path patching, then the heads that tell
those what to write, and so on back to the names. The circuit is tested by knock-outs: is it faithful, complete and
minimal?
The default setting puts SmolLM2-135M in the place of GPT-2 small (scale: substitute), as a question of its own: does
another model solve the task by the same algorithm? The paper's own setting is the same code.

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
| S1+1 | slot `S1+1` | the position after the first subject |
| h -> R | `path_effects` | effect of the path from head h to what the receivers R read (query, key or value) |
| S-Inhibition Heads | `S_INHIBITION` | change the name movers' queries, attend from END to S2 |
| Duplicate Token, Induction Heads | `DUPLICATE_TOKEN`, `INDUCTION` | write at S2; attend to S1, to S1+1 |
| Previous Token Heads | `PREVIOUS_TOKEN` | write at S1+1; attend to S1 |
| Backup Name Mover Heads | `BACKUP` | help more when the name movers are knocked out |
| S_pos, S_tok | `SIGNALS` | position signal and token signal: +1 as in the prompt, 0 unrelated, -1 inverted |
| C, M, K | `Circuit`, `Knockouts`, `Removal` | the circuit, the whole model, a part that is removed |
| F(C) | `Knockouts.of_circuits` | mean logit difference with everything outside C replaced by its mean over p_ABC |
| F(M without K) | `Knockouts.without` | mean logit difference of the model without K |
"""
