"""Grokking: a small transformer memorises sums modulo 113, and much later finds out how to add.

Nanda and others train a transformer of one layer on 30 % of the sums of two numbers modulo 113. It soon knows them by
heart and gets all others wrong, for thousands of epochs; then, within a few thousand, it gets all of them right. The
authors read the trained network completely: it turns each number into waves of a few frequencies, multiplies the waves
into waves of the sum, and reads off the answer where all of them agree. Knowing this, they see it come: two measures,
the loss with nothing but these waves and the loss without them, change smoothly long before the test loss does.

Here the same network is trained on the same task (scale: paper), with three seeds, and every step is measured.

## Symbols

| paper | here | meaning |
|---|---|---|
| P | `MODULUS` | 113 |
| a, b, c | `a`, `b`, output of the logits | a + b = c modulo 113 |
| k, w_k | `frequency`, 2πk/113 | 1 to 56 |
| W_E, W_U | `W_E`, `W_U` | embedding, unembedding |
| W_L = W_U W_out | `map_neurons_to_logits` | the map from neurons to logits |
| u_k, v_k | `read_directions` | what W_L reads off the neurons for cos and sin of w_k c |
| MLP(a, b) | `neurons` | activity of the 512 neurons at the last token, after the ReLU |
| λ | `weight_decay` | weight decay of AdamW |
| FVE | `explained` | share of the variance explained |
"""
