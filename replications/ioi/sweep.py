"""Path patching over all heads into one target, batch by batch, wherever a batch is computed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from replications.common.arrays import Arrays
from replications.common.engines import run_tasks
from replications.common.models import load_language_model
from replications.ioi.dataset import Prompt
from replications.ioi.decoder import Decoder, embed, take_apart
from replications.ioi.encoding import PromptBatch, encode_prompts
from replications.ioi.forward import run_everywhere
from replications.ioi.paths import Case, Target, path_effects

Sweep = Callable[[str, Target], Arrays]  # title and target -> `effects` (prompt layer head) and `of_all` (prompt)


@dataclass(frozen=True)
class Task:
    """The paths of all heads into a target, on one batch of prompts."""

    target: Target
    batch: int


def open_sweep(model: str, path: str | None, prompts: tuple[Prompt, ...], batch_size: int) -> Callable[[Task], Arrays]:
    """Loads the model, and returns what does one batch."""
    loaded = load_language_model(model, path)
    decoder, batches = take_apart(loaded.bridge), encode_prompts(prompts, loaded.tokenizer, batch_size)
    return lambda task: sweep_batch(decoder, make_case(decoder, batches[task.batch]), task.target)


@torch.no_grad()
def sweep_batch(decoder: Decoder, case: Case, target: Target) -> Arrays:
    """Returns `effects` and `of_all` of one batch, and the `rows` of its prompts."""
    found = path_effects(decoder, case, target)
    effects = found.by_sender.permute(2, 0, 1)
    return {"rows": case.batch.rows, "effects": effects.numpy(), "of_all": found.of_all.numpy()}


def sweep_here(decoder: Decoder, cases: Sequence[Case]) -> Sweep:
    """Returns a sweep in this process."""
    return lambda title, target: join_batches(
        [sweep_batch(decoder, case, target) for case in tqdm(cases, desc=title, unit="batch")]
    )


def sweep_anywhere(
    model: str, path: str | None, prompts: Sequence[Prompt], batch_size: int, batches: int, folder: Path, key: str
) -> Sweep:
    """Returns a sweep by `run_tasks`; every process loads the model itself.

    Args:
        model: as `load_language_model` takes it, as is `path`.
        path: of the model.
        prompts: of the search.
        batch_size: the most prompts in a batch.
        batches: how many that makes.
        folder: as for `run_tasks`.
        key: likewise, the target excepted.
    """
    shared = model, path, tuple(prompts), batch_size

    def sweep(title: str, target: Target) -> Arrays:
        tasks = {f"batch-{number}": Task(target, number) for number in range(batches)}
        return join_batches(run_tasks(title, open_sweep, shared, tasks, folder, f"{key}\n{target}, {target.node}"))

    return sweep


def make_case(decoder: Decoder, batch: PromptBatch) -> Case:
    """Returns a batch with its runs on x_orig and x_new (some 7 MB a prompt for SmolLM2-135M)."""
    return Case(batch, *(run_everywhere(decoder, embed(decoder, tokens)) for tokens in (batch.clean, batch.corrupted)))


def join_batches(parts: Sequence[Arrays]) -> Arrays:
    """Returns `effects` and `of_all` of all prompts, in their order."""
    order = np.argsort(np.concatenate([part["rows"] for part in parts]))
    return {name: np.concatenate([part[name] for part in parts])[order].astype(float) for name in ("effects", "of_all")}
