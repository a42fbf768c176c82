"""Which training images made the network say this? TRAK, its rivals, and the truth by a thousand retrainings.

Data attribution gives every training example a score for one output of a trained model. Park et al. judge scores by
what they predict: train again on random halves of the data, and compare the outputs with the sums of the scores of
the images that were present. The rank correlation of the two, averaged over outputs, is the linear datamodeling score
(LDS).

TRAK replaces the network by the linear model that its gradients span, projects the gradients to few dimensions, takes
one Newton step of the leave-one-out problem of logistic regression there, and averages over a few networks. Here it
is run against datamodels, empirical influence, influence functions, TracIn and the similarity of gradients and
activations, on a small convolutional network and Fashion-MNIST, everything from scratch (scale: reduced), and on a
logistic regression, where every image can be left out in turn and the exact effect is known (scale: substitute). The
paper's ResNet-9 on CIFAR-2 and CIFAR-10 is ready to run on a GPU.

## Symbols

| paper | here | meaning |
|---|---|---|
| S, n | rows of `masks` | training set, its size |
| S_j, α | a row of `masks`, one half | random subset of the training set, its share |
| f(z; θ) | `log_odds` | output: logarithm of p / (1 - p), p the probability of the correct class |
| τ(z, S) | `scores` | attribution of the output on z to each training example; positive is helpful |
| θ*_m | `weights[model, checkpoint]` | weights of network m |
| φ_m(z), Φ_m | `target`, `train` of `trak_kernel` | projected gradient of the output; those of all images |
| P | `Projection` | random matrix of signs |
| k | `dimension` | dimension after projection |
| Q | `pull`, 1 - p | how hard an example still pulls at its own output |
| S(·; λ) | `soft_threshold` | shrinks scores towards zero |
| M | `models` | networks averaged over |
"""
