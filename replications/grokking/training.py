"""Training on the full batch with AdamW, from any epoch on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from replications.grokking.dataset import Pairs, select_pairs, split_pairs
from replications.grokking.network import Weights, draw_weights, run_network

SERIES = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "squared_weights")
FIRST, SECOND = "exp_avg", "exp_avg_sq"  # torch's names of Adam's moments


@dataclass(frozen=True)
class Run:
    """How one network is trained.

    Attributes:
        seed: of the random start and of the split.
        fraction: share of the pairs that are trained on.
        weight_decay: λ.
        epochs: at most.
        target: test loss below which the network counts as done.
        settle: epochs for which it is trained on after that.
    """

    seed: int
    fraction: float
    weight_decay: float
    epochs: int
    target: float
    settle: int


@dataclass(frozen=True)
class Schedule:
    """What all networks share: the optimizer, and how often the losses are looked at.

    Attributes:
        learning_rate: after warm-up.
        warm_up: epochs in which it rises from zero.
        betas: Adam's decay rates of the two moments.
        evaluate_every: epochs between evaluations.
    """

    learning_rate: float
    warm_up: int
    betas: tuple[float, float]
    evaluate_every: int


@dataclass(frozen=True)
class State:
    """A network under training, all that is needed to go on.

    Attributes:
        epoch: updates done.
        weights: the parameters.
        moments: Adam's two moments by parameter.
        history: an array for each of `SERIES`, one entry an evaluation.
    """

    epoch: int
    weights: Weights
    moments: Mapping[str, tuple[Tensor, Tensor]]
    history: Mapping[str, Tensor]


def start_training(run: Run) -> State:
    """Returns a network before its first update."""
    weights = draw_weights(run.seed)
    moments = {name: (torch.zeros_like(w), torch.zeros_like(w)) for name, w in weights.named().items()}
    return State(0, weights, moments, {name: torch.empty(0, dtype=torch.float64) for name in SERIES})


def last_epoch(history: Mapping[str, Tensor], run: Run) -> int:
    """Returns the epoch at which training ends, as far as is known yet."""
    # Deviation: stops-after-cleanup
    done = history["epoch"][history["test_loss"] < run.target]
    return min(run.epochs, int(done[0]) + run.settle) if len(done) else run.epochs


def compute_loss(logits: Tensor, answers: Tensor) -> Tensor:
    """Returns the mean cross-entropy in nats; in float64, since in float32 losses near 1e-7 underflow.

    Source: nanda2023grokking, App. A; the authors' code
    """
    return cross_entropy(logits.double(), answers)


def evaluate(weights: Weights, pairs: Pairs) -> tuple[float, float]:
    """Returns loss and share of right answers."""
    logits = run_network(weights, pairs)
    return float(compute_loss(logits, pairs.sums)), float((logits.argmax(1) == pairs.sums).double().mean())


def train(state: State, run: Run, schedule: Schedule, device: torch.device) -> Iterator[State]:
    """Yields the network at each evaluation, that of `state` left out if it has been evaluated, until its last epoch.

    A run that is taken up again from any yielded state goes on exactly as it would have.
    """
    weights = Weights(**{name: w.detach().to(device).clone() for name, w in state.weights.named().items()})
    optimizer = _take_up(weights, state, run, schedule)
    trained, held_out = (select_pairs(numbers).to(device) for numbers in split_pairs(run.fraction, run.seed))
    epoch, history = state.epoch, dict(state.history)
    while True:
        if epoch % schedule.evaluate_every == 0 and epoch not in history["epoch"]:
            with torch.no_grad():
                squared = sum(float((w.double() ** 2).sum()) for w in weights.named().values())
                row = (epoch, *evaluate(weights, trained), *evaluate(weights, held_out), squared)
            history = {
                name: torch.cat([history[name], torch.tensor([value], dtype=torch.float64)])
                for name, value in zip(SERIES, row, strict=True)
            }
            yield _hand_out(epoch, weights, optimizer, history)
        if epoch >= last_epoch(history, run):
            return
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate * min(epoch / schedule.warm_up, 1)
        optimizer.zero_grad()
        compute_loss(run_network(weights, trained), trained.sums).backward()
        optimizer.step()
        epoch += 1


def _take_up(weights: Weights, state: State, run: Run, schedule: Schedule) -> torch.optim.AdamW:
    """Returns an optimizer of the weights that knows the moments of the state."""
    named = {name: w.requires_grad_() for name, w in weights.named().items()}
    optimizer = torch.optim.AdamW(named.values(), betas=schedule.betas, weight_decay=run.weight_decay, fused=True)
    moments = {
        number: {
            "step": torch.tensor(float(state.epoch)),
            FIRST: state.moments[name][0],
            SECOND: state.moments[name][1],
        }
        for number, name in enumerate(named)
    }
    if state.epoch:
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return optimizer


def _hand_out(epoch: int, weights: Weights, optimizer: torch.optim.AdamW, history: Mapping[str, Tensor]) -> State:
    """Returns a copy of the state on the CPU, which later updates leave alone."""
    named = weights.named()
    moments = {
        name: (optimizer.state[w][FIRST].cpu().clone(), optimizer.state[w][SECOND].cpu().clone())
        if epoch
        else (torch.zeros_like(w, device="cpu"), torch.zeros_like(w, device="cpu"))
        for name, w in named.items()
    }
    copies = Weights(**{name: w.detach().cpu().clone() for name, w in named.items()})
    return State(epoch, copies, moments, history)
