"""Training a sparse autoencoder against SAELens: the same start, vectors, steps and schedule; loss and time.

SAELens pins an older TransformerLens, so it runs in an environment of its own, which is made on the first run and
borrows the project's torch: both sides compute with the same library and the same number of threads.
"""

import json
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.timing import Comparison
from replications.common.paths import REPOSITORY
from replications.monosemanticity.checkpointing import Checkpoint
from replications.monosemanticity.method import Autoencoder, fold_norms, start_autoencoder
from replications.monosemanticity.training import Recipe, train_autoencoder

PEER = "sae-lens==6.54.12"
ENVIRONMENT = REPOSITORY / ".cache" / "environments" / "sae-lens"
NEURONS, PLANTED, ACTIVE = 512, 2048, 20
FEATURES, BATCH, STEPS, RATE, DECAY = 4096, 1024, 300, 0.001, 0.2
DISTINCT = 100  # batches of different vectors, which are gone through again and again
COEFFICIENT = 0.0004  # λ, with the squared error as a mean over neurons
HELD_OUT, ROUNDS, SEED = 4096, 3, 0


@dataclass(frozen=True)
class Agreement:
    """The loss that both sides end with, on vectors that none was trained on."""

    what: str
    peer: str
    ours: float
    theirs: float

    def as_row(self) -> dict[str, object]:
        """Returns both losses and the difference as a share of the peer's."""
        return {
            "what": self.what,
            "peer": self.peer,
            "our_loss": round(self.ours, 6),
            "peer_loss": round(self.theirs, 6),
            "difference": round(self.ours / self.theirs - 1, 4),
        }


class Fixed:
    """Vectors in a fixed order, batch after batch."""

    def __init__(self, vectors: Tensor) -> None:
        self.vectors, self.batch = vectors, BATCH

    def take(self, number: int) -> Tensor:
        """Returns batch `number`, from the beginning again after the last."""
        first = number * BATCH % len(self.vectors)
        return self.vectors[first : first + BATCH]


def compare() -> Iterator[Comparison | Agreement]:
    """Yields the time of both, measured in turn, and the loss of both."""
    python = make_environment()
    vectors = plant_vectors(BATCH * DISTINCT + HELD_OUT)
    training, held_out = vectors[:-HELD_OUT], vectors[-HELD_OUT:]
    start = start_autoencoder(training[:16_384], FEATURES, torch.Generator().manual_seed(SEED))
    ours_s, peer_s, what = [], [], f"{STEPS} steps of {BATCH} vectors, {FEATURES} features"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_file(dict(start.parameters), folder / "start.safetensors")
        save_file({"vectors": training.contiguous()}, folder / "vectors.safetensors")
        for _ in range(ROUNDS):
            ours, seconds = train_ours(training, folder)
            ours_s.append(seconds)
            theirs, seconds = train_theirs(python, folder)
            peer_s.append(seconds)
    yield Comparison(what, PEER, tuple(ours_s), tuple(peer_s))
    yield Agreement("loss on held-out vectors after " + what, PEER, loss(ours, held_out), loss(theirs, held_out))


def plant_vectors(count: int) -> Tensor:
    """Returns vectors that are sums of a few of many planted directions."""
    generator = torch.Generator().manual_seed(SEED)
    directions = torch.nn.functional.normalize(torch.randn(PLANTED, NEURONS, generator=generator), dim=1)
    parts = []
    for _ in range(-(-count // BATCH)):
        on = torch.rand(BATCH, PLANTED, generator=generator) < ACTIVE / PLANTED
        parts.append((on * (0.5 + torch.rand(BATCH, PLANTED, generator=generator))) @ directions)
    return torch.cat(parts)[:count]


def train_ours(vectors: Tensor, folder: Path) -> tuple[Autoencoder, float]:
    """Returns our autoencoder, and the seconds that training took. SAELens resamples nothing, so neither do we."""
    recipe = Recipe(FEATURES, COEFFICIENT, STEPS, RATE, DECAY, (), 0, 0.2, SEED)
    checkpoint = Checkpoint(folder / "none", "benchmark", float("inf"))
    started = time.perf_counter()
    autoencoder, _ = train_autoencoder(Fixed(vectors), recipe, checkpoint, "ours")
    return autoencoder, time.perf_counter() - started


def train_theirs(python: Path, folder: Path) -> tuple[Autoencoder, float]:
    """Returns SAELens' autoencoder with directions of unit length, and the seconds that training took."""
    settings = {
        "batch": BATCH, "steps": STEPS, "rate": RATE, "decay_steps": round(DECAY * STEPS),
        "threads": torch.get_num_threads(),
        "coefficient": COEFFICIENT * NEURONS,  # its squared error is a sum over neurons
    }  # fmt: skip
    script = Path(__file__).with_name("autoencoders_peer.py")
    done = subprocess.run(
        [python, "-P", script, folder, json.dumps(settings)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"SAELens failed: {done.stderr[-2000:]}")
    return fold_norms(Autoencoder(**load_file(folder / "theirs.safetensors"))), float(done.stdout.split()[-1])


def loss(autoencoder: Autoencoder, vectors: Tensor) -> float:
    """Returns the paper's loss: mean squared error over neurons plus the penalty on unit directions."""
    codes = autoencoder.encode(vectors)
    error = (autoencoder.decode(codes) - vectors).square().mean()
    return float(error + COEFFICIENT * codes.sum(1).mean())


def make_environment() -> Path:
    """Returns the interpreter of SAELens' environment, made if missing (some minutes)."""
    python = ENVIRONMENT / "bin" / "python"
    if (ENVIRONMENT / "ready").is_file():
        return python
    print(f"Making an environment for {PEER} …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", ENVIRONMENT], check=True)
    packages = next(ENVIRONMENT.glob("lib/python*/site-packages"))
    (packages / "project.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, PEER, f"torch=={torch.__version__.split('+')[0]}"], check=True)
    (ENVIRONMENT / "ready").touch()
    return python
