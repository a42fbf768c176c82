"""Testing with concept activation vectors (TCAV): is a concept that a person names important to what a network decides?

A concept is given by examples. At one stage of the network a linear classifier learns to tell their activations from
those of random images; its normal is the concept activation vector (CAV). The TCAV score of a class is the share of its
images whose logit grows when their activations move along the CAV. Many CAVs, each against other random images, and a
t-test say whether the score means anything.

We replicate the controlled experiment of § 4.3 on small networks that see photographs with captions of different
reliability, so that what the network uses is known (setting `captions`), with the paper's comparison with saliency
maps and its adversarial inputs; and a second one of our own on drawn objects whose class lies in their texture or
their shape (setting `textures`), with the calibration of the test. The paper's networks, GoogLeNet and Inception v3,
are the same code; nobody has run them here.

The sign is the paper's: gradients are of the logit, positive ones count. Activations are flattened, never pooled.

## Symbols

| paper | here | meaning |
|---|---|---|
| C | concept | given by images; `random` in its place is no concept |
| N | `negatives` | random images that a CAV is trained against, others in each run |
| l | stage | where activations are taken |
| f_l(x) | `run_until` | activations of stage l for image x |
| h_l,k | `run_from` | logit of class k as a function of these activations |
| v_C^l | `Cavs.vectors` | CAV, the unit normal of the classifier, pointing towards the concept |
| S_C,k,l(x) | `directional_derivatives` | gradient of h_l,k at f_l(x), times v_C^l |
| X_k | inputs | images of class k |
| TCAV_Q C,k,l | `tcav_scores` | share of X_k with S above zero |
| α, m | `level`, `hypotheses` | the test wants p below α / m |
| p (captions) | `noise` | probability that a caption is replaced by an unrelated word |
"""
