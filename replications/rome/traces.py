"""The traces of one fact, and of many together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int

from replications.common.arrays import Arrays, read_arrays, write_arrays
from replications.common.params import StageParams
from replications.rome.decoder import Decoder
from replications.rome.encoding import LAST_SUBJECT, ROLES, Prompt, choose_places
from replications.rome.settings import Setting, load_decoder
from replications.rome.tracing import (
    Restoration,
    Traced,
    answer_probability,
    restore_state,
    restored_probability,
    run_clean_and_corrupted,
    window_around,
)


class Params(StageParams):
    """Section `measure` of `params.yaml`, which says what each number means."""

    seed: int
    draws: int
    noise: float
    batch_tokens: int
    scattered_draws: int
    controlled: int


@dataclass(frozen=True)
class Traces:
    """Traces of facts; effects are probabilities, restored minus corrupted, means over draws; NaN = no such token.

    Attributes:
        case_id: of the facts.
        clean: probability of the object.
        corrupted: with noise on the subject.
        states: effect of one hidden state.
        mlp: effect of a window of MLP outputs; NaN for facts without windows, as in what follows.
        attention: effect of a window of attention outputs.
        severed_mlp: effect of a state at the last subject token, with the MLPs behind it held.
        severed_attention: with attention behind it held.
        scattered: effect of as many MLPs of random layers, at the last subject token.
        no_noise: largest effect without noise; NaN where it was not checked.
        everything: distance from the clean probability with everything put back.
        layers: whose hidden state was restored.
        centres: of the windows.
    """

    case_id: Int[np.ndarray, " fact"]
    clean: Float[np.ndarray, " fact"]
    corrupted: Float[np.ndarray, " fact"]
    states: Float[np.ndarray, "fact role layer"]
    mlp: Float[np.ndarray, "fact role centre"]
    attention: Float[np.ndarray, "fact role centre"]
    severed_mlp: Float[np.ndarray, "fact layer"]
    severed_attention: Float[np.ndarray, "fact layer"]
    scattered: Float[np.ndarray, " fact"]
    no_noise: Float[np.ndarray, " fact"]
    everything: Float[np.ndarray, " fact"]
    layers: Int[np.ndarray, " layer"]
    centres: Int[np.ndarray, " centre"]


@dataclass(frozen=True)
class Tracer:
    """What all facts are traced with."""

    decoder: Decoder
    params: Params
    setting: Setting
    scale: float

    @property
    def layers(self) -> list[int]:
        """Layers whose hidden state is restored."""
        return list(range(0, self.decoder.n_layers, self.setting.layer_step))

    @property
    def centres(self) -> list[int]:
        """Centres of windows."""
        return list(range(self.setting.window_step // 2, self.decoder.n_layers, self.setting.window_step))

    def trace(self, prompt: Prompt, case_id: int, *, windowed: bool, controlled: bool) -> dict[str, np.ndarray]:
        """Returns the traces of one fact, by the fields of `Traces`; the same whichever facts went before."""
        rng = np.random.default_rng([self.params.seed, case_id])
        traced = self.run(prompt, rng)
        # Deviation: fewer-traces
        places, windows = choose_places(prompt, rng), self.windows()
        corrupted = answer_probability(self.decoder, traced.corrupted, traced.answer)
        no_windows = np.full((len(ROLES), len(self.centres)), np.nan)
        found = {
            "case_id": np.array(case_id),
            "clean": answer_probability(self.decoder, traced.clean, traced.answer)[0].cpu().numpy(),
            "corrupted": corrupted.mean().cpu().numpy(),
            "states": self._by_role(traced, places, [restore_state(layer) for layer in self.layers]),
            "mlp": self._by_role(traced, places, [Restoration(mlp=w) for w in windows]) if windowed else no_windows,
            "attention": self._by_role(traced, places, [Restoration(attention=w) for w in windows])
            if windowed
            else no_windows,
            **self._sever(traced, prompt, windowed),
            "scattered": self._scatter(traced, prompt, rng) if windowed else np.array(np.nan),
            **self._control(prompt, traced, rng, controlled),
        }
        return found

    def run(self, prompt: Prompt, rng: np.random.Generator, scale: float | None = None) -> Traced:
        """Returns the clean and the corrupted run of a prompt."""
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        size = self.scale if scale is None else scale
        return run_clean_and_corrupted(self.decoder, prompt, self.params.draws, size, generator)

    def windows(self) -> list[frozenset[int]]:
        """Returns the windows of layers."""
        # Deviation: window-scaled
        return [window_around(centre, self.setting.window, self.decoder.n_layers) for centre in self.centres]

    def effects(
        self, traced: Traced, places: Sequence[int], variants: Sequence[Restoration]
    ) -> Float[np.ndarray, " variant"]:
        """Returns indirect effects, means over draws."""
        corrupted = answer_probability(self.decoder, traced.corrupted, traced.answer)
        restored = restored_probability(self.decoder, traced, places, variants, self.params.batch_tokens)
        return np.asarray((restored - corrupted).mean(1).cpu().numpy(), dtype=float)

    def _by_role(
        self, traced: Traced, places: Mapping[str, int], variants: Sequence[Restoration]
    ) -> Float[np.ndarray, "role variant"]:
        nothing = np.full(len(variants), np.nan)
        return np.stack([self.effects(traced, [places[r]], variants) if r in places else nothing for r in ROLES])

    def _sever(self, traced: Traced, prompt: Prompt, windowed: bool) -> dict[str, np.ndarray]:
        """Returns effects of states at the last subject token in the graph without later MLPs, or attention, there.

        Source: meng2022rome, § 2.2, Figure 3.
        """
        nothing = np.full(len(self.layers), np.nan)
        if not windowed:
            return {"severed_mlp": nothing, "severed_attention": nothing}
        later = [(layer + 1, frozenset(range(layer + 1, self.decoder.n_layers))) for layer in self.layers]
        place = [prompt.last_subject]
        return {
            "severed_mlp": self.effects(traced, place, [Restoration(state=s, severed_mlp=held) for s, held in later]),
            "severed_attention": self.effects(
                traced, place, [Restoration(state=s, severed_attention=held) for s, held in later]
            ),
        }

    def _scatter(self, traced: Traced, prompt: Prompt, rng: np.random.Generator) -> np.ndarray:
        sets = [
            frozenset(map(int, rng.choice(self.decoder.n_layers, self.setting.window, replace=False)))
            for _ in range(self.params.scattered_draws)
        ]
        return self.effects(traced, [prompt.last_subject], [Restoration(mlp=layers) for layers in sets]).mean()

    def _control(
        self, prompt: Prompt, traced: Traced, rng: np.random.Generator, controlled: bool
    ) -> dict[str, np.ndarray]:
        if not controlled:
            return {"no_noise": np.array(np.nan), "everything": np.array(np.nan)}
        everywhere = range(prompt.subject[0], len(prompt.tokens))
        restored = restored_probability(
            self.decoder, traced, everywhere, [restore_state(self.layers[0])], self.params.batch_tokens
        )
        clean = answer_probability(self.decoder, traced.clean, traced.answer)
        quiet = self.run(prompt, rng, scale=0.0)
        unmoved = self.effects(quiet, [prompt.last_subject], [restore_state(layer) for layer in self.layers])
        return {
            "no_noise": np.array(np.abs(unmoved).max()),
            "everything": (restored - clean).abs().max().cpu().numpy(),
        }


def trace_map(tracer: Tracer, prompt: Prompt, case_id: int, words: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns the probability of the object with each state put back, for every token of one fact, as in Figure 1.

    Args:
        tracer: what facts are traced with.
        prompt: of the fact.
        case_id: of the fact.
        words: the tokens in letters, and last the answer.
    """
    traced = tracer.run(prompt, np.random.default_rng([tracer.params.seed, case_id]))
    corrupted = float(answer_probability(tracer.decoder, traced.corrupted, traced.answer).mean())
    variants = {
        "states": [restore_state(layer) for layer in tracer.layers],
        "mlp": [Restoration(mlp=window) for window in tracer.windows()],
        "attention": [Restoration(attention=window) for window in tracer.windows()],
    }
    start = prompt.subject[0]  # earlier tokens cannot see the noise: nothing is to be restored there
    found = {"map_words": np.array(words), "map_subject": np.array(prompt.subject)}
    for kind, restorations in variants.items():
        effects = np.zeros((len(prompt.tokens), len(restorations)))
        for place in range(start, len(prompt.tokens)):
            effects[place] = tracer.effects(traced, [place], restorations)
        found[f"map_{kind}"] = effects + corrupted
    return found


@dataclass(frozen=True)
class Task:
    """One fact, and how much of it is traced."""

    prompt: Prompt
    case_id: int
    windowed: bool
    controlled: bool


def open_tracer(params: Params, setting: Setting, scale: float) -> Callable[[Task], Arrays]:
    """Loads the model, and returns what traces one fact with noise of standard deviation `scale`."""
    tracer = Tracer(load_decoder(setting)[0], params, setting, scale)
    return lambda task: tracer.trace(task.prompt, task.case_id, windowed=task.windowed, controlled=task.controlled)


def join_traces(pieces: Sequence[Arrays], tracer: Tracer) -> Traces:
    """Returns the traces of all facts."""
    grids = {"layers": np.array(tracer.layers), "centres": np.array(tracer.centres)}
    names = [field.name for field in fields(Traces) if field.name not in grids]
    return Traces(**{name: np.stack([piece[name] for piece in pieces]) for name in names}, **grids)


def write_traces(path: Path, traces: Traces, example: Mapping[str, np.ndarray]) -> None:
    """Writes traces, and the map of one fact, as npz."""
    arrays = {field.name: getattr(traces, field.name) for field in fields(Traces)} | dict(example)
    write_arrays(path, {name: a.astype(np.float32) if a.dtype == float else a for name, a in arrays.items()})


def read_traces(path: Path) -> tuple[Traces, dict[str, np.ndarray]]:
    """Returns what `write_traces` wrote."""
    arrays, names = read_arrays(path), [field.name for field in fields(Traces)]
    return Traces(**{name: arrays.pop(name) for name in names}), arrays


def effect_at(traces: Traces, layer: int) -> Float[np.ndarray, " fact"]:
    """Returns the effect of the window of MLPs that is centred nearest to a layer, at the last subject token."""
    # Deviation: mlp-tracing-effect
    centre = int(np.abs(traces.centres - layer).argmin())
    return traces.mlp[:, ROLES.index(LAST_SUBJECT), centre]
