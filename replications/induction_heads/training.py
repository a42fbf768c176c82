"""Training one model: batches, snapshots, and checkpoints from which a killed run goes on to the same result."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional

from replications.common.files import write_bytes
from replications.common.imports import hash_code
from replications.induction_heads.corpora import Corpus, Params, open_corpus
from replications.induction_heads.evaluation import Observation, Probes, draw_probes, observe
from replications.induction_heads.model import Transformer
from replications.induction_heads.settings import Experiment

STEPS_DRAWN_TOGETHER = 16  # documents are drawn for so many steps at once, which is faster
BETAS = (0.9, 0.99)  # of Adam; not printed in the paper
REPORT_EVERY_S = 20.0


class DeviceUnavailableError(RuntimeError):
    """A device that this machine does not have."""


@dataclass(frozen=True)
class RunName:
    """Which model of which experiment, trained from which seed."""

    experiment: str
    model: str
    seed: int

    def __str__(self) -> str:
        return f"{self.experiment}/{self.model}/seed-{self.seed}"


@dataclass(frozen=True)
class History:
    """What was observed over a run.

    Attributes:
        tokens: seen before each snapshot.
        losses: mean of each token but the first, in nats.
        prefix: prefix matching score of every head.
        copying: copying score of every head.
        previous: previous-token score of every head.
        watched: attention on the watched sequence; empty for models that are not watched.
    """

    tokens: Float[np.ndarray, " time"]
    losses: Float[np.ndarray, "time position"]
    prefix: Float[np.ndarray, "time layer head"]
    copying: Float[np.ndarray, "time layer head"]
    previous: Float[np.ndarray, "time layer head"]
    watched: Float[np.ndarray, "time layer head query key"]


def check_device(device: str) -> None:
    """Refuses a device that is not there.

    Raises:
        DeviceUnavailableError: the device is `cuda` and there is no GPU.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise DeviceUnavailableError(
            f"got device {device!r}, but this machine has no GPU that torch can use; run the setting where there "
            "is one, or set `device: cpu` in params.yaml and expect it to take very long"
        )


def train_run(
    experiment: Experiment, name: RunName, params: Params, checkpoints: Path, report: Callable[[str], None]
) -> tuple[Transformer, History]:
    """Returns a trained model and its history; goes on from a checkpoint of the same run, if there is one.

    Args:
        experiment: how it is trained.
        name: which model and seed; the seed gives weights and documents, so models of one seed see the same documents.
        params: of the corpus.
        checkpoints: folder in which the run keeps its own checkpoint until the stage has ended.
        report: is told how far the run is.

    Raises:
        DeviceUnavailableError: as `check_device`.
    """
    check_device(experiment.device)
    corpus = open_corpus(experiment, experiment.models[name.model].phrases, params)
    watched = name.model == params.watched_model and name.seed == experiment.seeds[0]
    trainer = _Trainer(
        experiment, name, corpus, draw_probes(corpus, experiment.evaluation_documents, params.evaluation_seed)
    )
    path = checkpoints / f"{_fingerprint(experiment, name, params)}.safetensors"
    if path.is_file():
        trainer.restore(path)
    trainer.train(path, report)
    return trainer.model, trainer.history(watched)


class _Trainer:
    """A run under way."""

    def __init__(self, experiment: Experiment, name: RunName, corpus: Corpus, probes: Probes) -> None:
        self.experiment, self.name, self.corpus, self.probes = experiment, name, corpus, probes
        torch.manual_seed(name.seed)
        self.model = Transformer(experiment.shape(name.model, corpus.vocabulary)).to(experiment.device)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=experiment.learning_rate, betas=BETAS, fused=True)
        self.step = 0
        self.observed: list[dict[str, Tensor]] = []
        marks = np.linspace(0, experiment.steps, experiment.snapshots + 1)
        self.marks = {int(step) for step in marks.round()}

    def train(self, path: Path, report: Callable[[str], None]) -> None:
        """Trains to the end, keeping a checkpoint at every snapshot."""
        began, begun_at, reported = time.monotonic(), self.step, time.monotonic()
        for documents in self._documents(self.step):
            if self.step in self.marks and len(self.observed) <= sorted(self.marks).index(self.step):
                self._take_snapshot()
                self._save(path)
            self._learn(documents)
            self.step += 1
            if time.monotonic() - reported > REPORT_EVERY_S:
                reported = time.monotonic()
                left = (reported - began) / (self.step - begun_at) * (self.experiment.steps - self.step)
                report(f"{self.name}: step {self.step} of {self.experiment.steps}, about {left:.0f} s left")
        if len(self.observed) < len(self.marks):
            self._take_snapshot()
            self._save(path)

    def history(self, watched: bool) -> History:
        """Returns the history so far, with the watched attention if asked."""
        per_step = self.experiment.documents_per_batch * self.experiment.context
        stacked = {
            field.name: torch.stack([entry[field.name] for entry in self.observed]).numpy()
            for field in fields(Observation)
        }
        if not watched:
            stacked["watched"] = stacked["watched"][:0]
        return History(tokens=np.array(sorted(self.marks)) * float(per_step), **stacked)

    def restore(self, path: Path) -> None:
        """Goes back to a checkpoint."""
        saved = load_file(path)
        self.step = int(saved["step"])
        self.model.load_state_dict({key[6:]: value for key, value in saved.items() if key.startswith("model.")})
        state = {
            place: {key: saved[f"adam.{place}.{key}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            for place in range(len(list(self.model.parameters())))
            if f"adam.{place}.step" in saved
        }
        self.adam.load_state_dict({**self.adam.state_dict(), "state": state})
        snapshots = len(saved["observed.losses"])
        names = [field.name for field in fields(Observation)]
        self.observed = [{key: saved[f"observed.{key}"][time] for key in names} for time in range(snapshots)]

    def _documents(self, step: int) -> Iterator[Tensor]:
        """Yields the documents of each step from `step` on; they depend on the seed and the step alone."""
        size = self.experiment.documents_per_batch
        while step < self.experiment.steps:
            group, offset = divmod(step, STEPS_DRAWN_TOGETHER)
            drawn = self.corpus.draw(STEPS_DRAWN_TOGETHER * size, np.random.default_rng([self.name.seed, group]))
            for batch in drawn.split(size)[offset : offset + self.experiment.steps - step]:
                yield batch
                step += 1

    def _learn(self, documents: Tensor) -> None:
        for group in self.adam.param_groups:
            group["lr"] = self.experiment.learning_rate * min(1.0, (self.step + 1) / self.experiment.warmup_steps)
        self.adam.zero_grad()
        for part in documents.split(self.experiment.documents_at_once):
            tokens = part.to(self.experiment.device)
            logits = self.model(tokens[:, :-1])
            loss = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
            (loss * len(part) / len(documents)).backward()
        self.adam.step()

    def _take_snapshot(self) -> None:
        seen = observe(self.model, self.probes, self.experiment.documents_at_once)
        self.observed.append({field.name: torch.from_numpy(getattr(seen, field.name)) for field in fields(Observation)})

    def _save(self, path: Path) -> None:
        content = {f"model.{key}": value for key, value in self.model.state_dict().items()}
        for place, state in self.adam.state_dict()["state"].items():
            content |= {f"adam.{place}.{key}": value for key, value in state.items()}
        for field in fields(Observation):
            content[f"observed.{field.name}"] = torch.stack([entry[field.name] for entry in self.observed])
        content["step"] = torch.tensor(self.step)
        write_bytes(path, save({key: value.detach().cpu().contiguous() for key, value in content.items()}))


def _fingerprint(experiment: Experiment, name: RunName, params: Params) -> str:
    """Returns a hash of all that a run depends on: a checkpoint of another code or experiment is not taken up."""
    told = experiment.model_dump(mode="json", exclude={"models", "processes", "seeds"})
    model = experiment.models[name.model].model_dump(mode="json")
    described = json.dumps(
        [told, model, str(name), params.model_dump(mode="json"), hash_code(__name__)], sort_keys=True
    )
    return hashlib.sha256(described.encode()).hexdigest()[:32]
