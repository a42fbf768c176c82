"""Induction heads, with the parts of *A Mathematical Framework for Transformer Circuits* that they rest on.

An induction head completes [A][B] … [A] with [B]: it attends to the token that followed the present one last time, and
copies it. The paper argues that such heads form in a narrow window of training, that in-context learning appears in the
same window, and that the one makes the other. The default setting trains 36 small attention-only models and watches it
happen: on made-up documents whose phrases recur, and on the source code of one package. Another setting
looks for the heads in a trained language model of 30 layers. The paper's own series of models is the same code.

## Symbols

| paper | here | meaning |
|---|---|---|
| W_E, W_U | `embedding`, `unembedding` | from tokens to the residual stream, and from it to logits |
| W_Q, W_K, W_V, W_O | `W_Q`, `W_K`, `W_V`, `W_O` | of each head; a row vector times the matrix |
| W_QK, W_OV | `W_Q` `W_K`ᵀ, `W_V` `W_O` | where a head looks, and what it writes |
| A | `patterns` | attention, from a query (row) to a key (column) |
| s(a) | `sigmoid(smear)` | share of a token's own key in its smeared key |
| in-context learning score | `in_context_score` | mean loss at late tokens minus that at early ones, in nats |
| prefix matching score | `prefix_matching_scores` | attention to what followed the present token before |
| copying score | `copying_scores` | whether a head raises the logit of what it attends to, -1 to 1 |
| previous-token score | `previous_token_scores` | attention from a token to the one before it |
| pattern-preserving ablation | `run_ablated` | a head's output set to zero, all attention patterns frozen |
"""
