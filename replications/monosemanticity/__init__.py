"""A transformer with one layer, taken apart: 512 neurons of many meanings become 4,096 features of one meaning.

Bricken and colleagues train sparse autoencoders on the MLP activations of a small transformer. An autoencoder writes
each activation vector as a sum of few directions out of a large dictionary. The directions, called features, are far
easier to interpret than the neurons: one is active on Arabic script, one on base64, and another transformer with
another seed learns the same ones. How much of the MLP do they explain, how sparse are they, which are dead, do they
exist outside the one model, and do they cause what they stand for?

Everything is trained from scratch here (scale: reduced): two transformers of the paper's shape on the source of
Python packages, their dictionaries, and as a control the dictionary of a transformer whose weights were shuffled.

## Symbols

| paper | here | meaning |
|---|---|---|
| A/1, B/1 | `A/1`, `B/1` | transformer and size of the dictionary: /0 is 512, /1 4,096, /2 16,384, /5 131,072 |
| x | `vectors` | MLP activations of a token, after the ReLU; 512 numbers |
| x̄ = x − b_d | `centred` | what the encoder sees |
| W_e, b_e | `encoder`, `encoder_bias` | rows are the features' encoder directions |
| W_d, b_d | `decoder`, `bias` | rows are the directions, of unit length; b_d is subtracted before, added after |
| f | `codes` | activations of the features, ReLU(W_e x̄ + b_e) |
| λ | `coefficient` | of the L1 penalty, which is a sum over features, while the squared error is a mean over neurons |
| L0 | `active` | features active on a token |
| density | `density` | share of tokens on which a feature is active |
"""
