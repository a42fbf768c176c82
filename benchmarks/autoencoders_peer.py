"""The side of SAELens in `autoencoders.py`; runs in its own environment, without the project's code.

python autoencoders_peer.py FOLDER SETTINGS prints the seconds of training and writes FOLDER/theirs.safetensors.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from sae_lens import SAETrainer, StandardTrainingSAE, StandardTrainingSAEConfig
from sae_lens.config import SAETrainerConfig
from safetensors.torch import load_file, save_file
from torch import Tensor


def repeat(vectors: Tensor, batch: int) -> Iterator[Tensor]:
    """Yields the batches in their order, again and again."""
    while True:
        yield from vectors.split(batch)


def main() -> None:
    """Trains from the given start on the given vectors."""
    folder, given = Path(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(given["threads"])
    start = load_file(folder / "start.safetensors")
    vectors = load_file(folder / "vectors.safetensors")["vectors"]
    features, neurons = start["decoder"].shape
    sae = StandardTrainingSAE(
        StandardTrainingSAEConfig(
            d_in=neurons, d_sae=features, apply_b_dec_to_input=True, normalize_activations="none",
            l1_coefficient=given["coefficient"], l1_warm_up_steps=0,
        )
    )  # fmt: skip
    with torch.no_grad():
        sae.W_enc.copy_(start["encoder"].T)
        sae.b_enc.copy_(start["encoder_bias"])
        sae.W_dec.copy_(start["decoder"])
        sae.b_dec.copy_(start["bias"])
    config = SAETrainerConfig(
        total_training_samples=given["steps"] * given["batch"], train_batch_size_samples=given["batch"],
        lr=given["rate"], lr_end=0.0, lr_decay_steps=given["decay_steps"], device="cpu",
    )  # fmt: skip
    trainer = SAETrainer(cfg=config, sae=sae, data_provider=repeat(vectors, given["batch"]))
    started = time.perf_counter()
    trainer.fit()
    seconds = time.perf_counter() - started
    found = {"encoder": sae.W_enc.T, "encoder_bias": sae.b_enc, "decoder": sae.W_dec, "bias": sae.b_dec}
    save_file({name: tensor.detach().contiguous() for name, tensor in found.items()}, folder / "theirs.safetensors")
    print(seconds)


if __name__ == "__main__":
    main()
