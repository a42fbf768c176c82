"""What a setting trains: transformers, a sweep of the L1 coefficient, dictionaries. Finished units are kept."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from threadpoolctl import threadpool_limits

from replications.common.byte_pairs import EncodedText
from replications.common.files import write_bytes
from replications.common.imports import hash_code
from replications.monosemanticity.checkpointing import Checkpoint
from replications.monosemanticity.encoding import load_text
from replications.monosemanticity.method import Autoencoder, geometric_median
from replications.monosemanticity.settings import Setting, TrainParams
from replications.monosemanticity.training import Recipe, train_autoencoder
from replications.monosemanticity.transformer import Transformer, shuffle_weights
from replications.monosemanticity.transformer_training import Schedule, train_transformer
from replications.monosemanticity.vectors import VectorSource, cut_windows, read_activations

LOOPS = ("training", "transformer_training")  # modules whose change makes what was trained worthless
RANDOM = "random"  # the transformer A with shuffled weights
SHUFFLED_FROM = "A"
TYPICAL_WINDOWS = 128  # from which the typical length of a vector is computed


@dataclass(frozen=True)
class Workshop:
    """Where and how a setting's units are trained.

    Attributes:
        folder: for what is done, a folder for each unit.
        setting: sizes.
        params: rules.
        text: tokens.
        code: hash of the code, part of the key of a checkpoint.
    """

    folder: Path
    setting: Setting
    params: TrainParams
    text: EncodedText
    code: str

    @property
    def windows(self) -> np.ndarray:
        """The training text, cut into contexts."""
        return cut_windows(self.text.training, self.setting.context)

    @property
    def held_out(self) -> np.ndarray:
        """The held-out text, cut into contexts."""
        return cut_windows(self.text.held_out, self.setting.context)

    def build(self, seed: int) -> Transformer:
        """Returns an untrained transformer."""
        s = self.setting
        generator = torch.Generator().manual_seed(seed)
        return Transformer(s.vocabulary, s.context, s.width, s.neurons, s.heads, generator).to(s.device)

    def checkpoint(self, name: str, key: object) -> Checkpoint:
        """Returns the checkpoint of a unit, which is removed when the unit is done."""
        # The text is part of the key by its length: its cache is named by a hash.
        whole = json.dumps(
            [self.code, name, key, self.setting.vocabulary, len(self.text.training)], sort_keys=True, default=str
        )
        return Checkpoint(self.folder / name / "unfinished.safetensors", whole, self.params.checkpoint_seconds)

    def is_done(self, name: str, key: object) -> bool:
        """Tells whether a unit was trained by this code with this key."""
        path = self.folder / name / "key.json"
        digest = self.checkpoint(name, key).digest
        return path.is_file() and json.loads(path.read_text(encoding="utf-8")) == digest

    def keep(self, name: str, key: object, tensors: dict[str, torch.Tensor], history: np.ndarray) -> None:
        """Writes a unit's result; the file with the key comes last, so that a folder that has it is whole."""
        folder = self.folder / name
        arrays = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_bytes(folder / "weights.safetensors", save(arrays))
        write_bytes(folder / "history.json", json.dumps(history.round(6).tolist()).encode())
        write_bytes(folder / "key.json", json.dumps(self.checkpoint(name, key).digest).encode())
        (folder / "unfinished.safetensors").unlink(missing_ok=True)


def open_workshop(folder: Path, setting: Setting, params: TrainParams) -> Workshop:
    """Returns the workshop of a setting.

    Raises:
        RuntimeError: the setting needs a GPU and there is none.
    """
    if setting.device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("got no GPU; this setting needs one: choose `laptop`, or change `device` in params.yaml")
    code = "".join(hash_code(f"replications.monosemanticity.{module}") for module in LOOPS)
    text = load_text(setting.corpus, setting.path, setting.vocabulary, setting.held_out)
    return Workshop(folder, setting, params, text, code)


def fit_transformer(workshop: Workshop, name: str) -> None:
    """Trains transformer `name` unless it is there."""
    s = workshop.setting
    steps = s.transformer_tokens // (s.transformer_batch * s.context)
    schedule = Schedule(steps, s.transformer_batch, s.transformer_rate, workshop.params.warmup, s.seeds[name])
    key = [s.context, s.width, s.neurons, s.heads, asdict(schedule)]
    if workshop.is_done(name, key):
        return
    transformer = workshop.build(schedule.seed)
    checkpoint = workshop.checkpoint(name, key)
    history = train_transformer(transformer, workshop.windows, schedule, checkpoint, f"transformer {name}")
    workshop.keep(name, key, dict(transformer.named_parameters()), history)


def load_transformer(workshop: Workshop, name: str) -> Transformer:
    """Returns a trained transformer, or A with its weights shuffled; it wants no gradients."""
    transformer = workshop.build(0)
    kept = SHUFFLED_FROM if name == RANDOM else name
    transformer.load_state_dict(load_file(workshop.folder / kept / "weights.safetensors"))
    if name == RANDOM:
        transformer.cpu()
        shuffle_weights(transformer, torch.Generator().manual_seed(workshop.params.seed))
        transformer.to(workshop.setting.device)
    return transformer.requires_grad_(False)


def typical_length(workshop: Workshop, transformer: Transformer) -> float:
    """Returns the root mean square distance of a transformer's vectors from their geometric median."""
    vectors = read_activations(transformer, workshop.held_out[:TYPICAL_WINDOWS])
    return float((vectors - geometric_median(vectors)).square().sum(1).mean().sqrt())


def fit_autoencoder(
    workshop: Workshop, name: str, transformer: str, features: int, vectors: int, coefficient: float
) -> None:
    """Trains autoencoder `name` unless it is there."""
    s = workshop.setting
    recipe = Recipe(
        features, coefficient, vectors // s.batch, s.rate, s.decay, s.resample, s.dead_density, s.resample_inputs,
        workshop.params.norm_share, workshop.params.seed,
    )  # fmt: skip
    given = hashlib.sha256((workshop.folder / _trained(transformer) / "key.json").read_bytes()).hexdigest()
    key = [asdict(recipe), s.batch, transformer, given]
    if workshop.is_done(name, key):
        return
    source = VectorSource(load_transformer(workshop, transformer), workshop.windows, s.batch, workshop.params.seed)
    autoencoder, history = train_autoencoder(source, recipe, workshop.checkpoint(name, key), name)
    extra = {"coefficient": torch.tensor(coefficient, dtype=torch.float64)}
    workshop.keep(name, key, autoencoder.parameters | extra, history)


def load_autoencoder(workshop: Workshop, name: str) -> tuple[Autoencoder, float]:
    """Returns a trained autoencoder, and the coefficient that it was trained with."""
    tensors = load_file(workshop.folder / name / "weights.safetensors", device=workshop.setting.device)
    coefficient = float(tensors.pop("coefficient"))
    return Autoencoder(**tensors), coefficient


def _trained(transformer: str) -> str:
    return SHUFFLED_FROM if transformer == RANDOM else transformer


def run_units(units: list[tuple[str, Callable[[], None]]], workers: int) -> None:
    """Runs the units, so many at a time with a thread each; the first error ends the run.

    Args:
        units: name and what trains it, in the order of their start.
        workers: units side by side; with one, torch may use all cores.
    """
    if workers == 1:
        for _, work in units:
            work()
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
            futures = {pool.submit(work): name for name, work in units}
            try:
                for future in as_completed(futures):
                    future.result()
                    print(f"{futures[future]} is done", flush=True)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        torch.set_num_threads(before)
