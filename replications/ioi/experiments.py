"""The experiments of the second half, one after the other, on one model: what is read off it, prompt by prompt."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from tqdm import tqdm

from replications.common.models import LanguageModel
from replications.ioi.backup import knocked_out_effects
from replications.ioi.circuit_estimates import CircuitReadings, SignalReadings
from replications.ioi.criteria import (
    Removal,
    draw_circuits,
    draw_sets,
    measure_minimality,
    remove_classes,
    remove_sets,
    search_greedily,
)
from replications.ioi.dataset import Prompt
from replications.ioi.decoder import embed, take_apart
from replications.ioi.encoding import END, encode_prompts
from replications.ioi.evaluators import Mentions, knock_out_mlps, mention_again
from replications.ioi.forward import refuse_unsupported, run_everywhere
from replications.ioi.keeping import Arrays, Keep, compute_again
from replications.ioi.knockout import Knockouts
from replications.ioi.means import take_means
from replications.ioi.method import logit_difference, logit_difference_of_residual
from replications.ioi.movers import Head
from replications.ioi.paths import Case, Target, path_effects
from replications.ioi.roles import (
    BACKUP,
    DUPLICATE_TOKEN,
    HELPING_MOVERS,
    INDUCTION,
    S_INHIBITION,
    Circuit,
    Node,
    make_naive,
    nodes_of,
    sort_movers,
)
from replications.ioi.search import Lines, Search
from replications.ioi.search_estimates import SearchReadings
from replications.ioi.settings import CircuitParams
from replications.ioi.signals import SIGNALS, Signals, patch_from_longer_prompts
from replications.ioi.sweep import Sweep, make_case, sweep_here
from replications.ioi.tables import HeadRow


class Experiments:
    """One model, its prompts, and the means that knock-outs use.

    Attributes:
        model: with hooks.
        prompts: all of them.
        decoder: the same, taken apart.
        means: over p_ABC.
        params: sizes and criteria.
    """

    def __init__(
        self,
        model: LanguageModel,
        prompts: Sequence[Prompt],
        params: CircuitParams,
        keep: Keep = compute_again,
        sweep: Callable[[Sequence[Prompt], int], Sweep] | None = None,
    ) -> None:
        """Takes the model apart, and the means; what an experiment costs much to compute goes through `keep`.

        `sweep` gives what measures paths on some prompts in so many batches; in this process if it is not given.
        """
        self.model, self.prompts, self.params, self._keep, self._sweep = model, prompts, params, keep, sweep
        self.decoder, batches = take_apart(model.bridge), encode_prompts(prompts, model.tokenizer, params.batch_size)
        refuse_unsupported(self.decoder, batches[0].clean)
        self.means = take_means(self.decoder, prompts, tqdm(batches, desc="means over p_ABC", unit="batch"))

    def search(
        self, prompts: Sequence[Prompt], rows: Sequence[HeadRow]
    ) -> tuple[SearchReadings, dict[str, list[Head]], Float[np.ndarray, " prompt"]]:
        """Returns what the search saw, the circuit that it found, and the path effects of nothing, in logits.

        Args:
            prompts: on which the heads are found.
            rows: the heads of the first half, with the movers among them.
        """
        keep = self._keep_on(prompts)
        batches = encode_prompts(prompts, self.model.tokenizer, self.params.batch_size)
        cases = [make_case(self.decoder, batch) for batch in tqdm(batches, desc="runs for the search", unit="batch")]
        sweep = self._sweep(prompts, len(batches)) if self._sweep else sweep_here(self.decoder, cases)
        lines = Lines(self.params.path_line, self.params.difference_line, self.params.attention_line)
        difference = np.empty(len(prompts))
        for case in cases:
            final = case.clean.residuals[-1:, :, -1]
            tokens = case.batch.io_token, case.batch.s_token
            difference[case.batch.rows] = logit_difference_of_residual(self.decoder.bridge, final, *tokens)[0].numpy()
        search = Search(sweep, lines, cases, difference, dict(sort_movers(rows, lines.attention)))
        movers = [head for heads in search.circuit.values() for head in heads]
        search.run()
        helping = [head for role in HELPING_MOVERS for head in search.circuit[role]]
        growth = keep(f"growth without {helping}", lambda: self._measure_growth(cases, prompts, helping))["growth"]
        readings = SearchReadings(difference, search.steps, lines, growth, movers, self.params.backup_line)
        circuit = search.circuit | {BACKUP: readings.classify()[BACKUP]}
        receivers = [*helping, Head(self.decoder.n_layers - 1, 0)]
        nothing = keep(f"paths of nothing into {receivers}", lambda: self._patch_nothing(cases[0], receivers))
        return readings, circuit, nothing["sizes"]

    def knockouts(self, prompts: Sequence[Prompt]) -> Knockouts:
        """Returns the prompts ready for knock-outs."""
        batches = encode_prompts(prompts, self.model.tokenizer, self.params.batch_size)
        return Knockouts(self.decoder, self.means, prompts, batches, self._keep_on(prompts))

    def signals(
        self, knockouts: Knockouts, prompts: Sequence[Prompt], circuit: Circuit, rng: np.random.Generator
    ) -> SignalReadings | None:
        """Returns the logit differences with outputs taken from other prompts; None without S-inhibition heads."""
        at_end, at_s2 = nodes_of(circuit, S_INHIBITION), nodes_of(circuit, INDUCTION, DUPLICATE_TOKEN)
        if not at_end:
            return None
        signals, keep = Signals(knockouts), self._keep_on(prompts)

        def patch(name: str, sets: Sequence[Sequence[Node]]) -> Float[np.ndarray, "set prompt"]:
            return keep(f"signal {name} in {sets}", lambda: {"f": signals.patch(name, sets)})["f"]

        random_sets = self._draw({S_INHIBITION: circuit[S_INHIBITION]}, rng, same_layers=True)
        longer = encode_prompts(prompts, self.model.tokenizer, self.params.batch_size, longer_prefix=True)
        return SignalReadings(
            at_end={name: patch(name, [at_end])[0] for name in SIGNALS},
            at_s2={name: patch(name, [at_s2])[0] for name in ("inverted-position", "random-token")} if at_s2 else {},
            longer=keep(
                f"signal from longer prompts in {at_end}",
                lambda: {"f": patch_from_longer_prompts(knockouts, longer, at_end)},
            )["f"],
            random_heads=patch("both-inverted", random_sets),
        )

    def circuit(
        self, knockouts: Knockouts, greedy: Knockouts, circuit: Circuit, rng: np.random.Generator
    ) -> CircuitReadings:
        """Returns F of the circuit, of its parts and of others.

        Args:
            knockouts: the prompts that the numbers are from.
            greedy: other prompts, on which the greedy sets are searched.
            circuit: role -> heads.
            rng: source of random sets.
        """
        naive, movers = make_naive(circuit), [r for r in HELPING_MOVERS if circuit.get(r)]
        whole, empty, of_naive = knockouts.of_circuits([nodes_of(circuit), [], nodes_of(naive)])
        random = [
            knockouts.of_circuits(self._draw(circuit, rng, same_layers=same), "random circuits")
            for same in (False, True)
        ]
        removals = self._remove_parts(knockouts, greedy, circuit, rng)
        random_movers = self._draw({r: circuit[r] for r in movers}, rng, same_layers=True) if movers else []
        return CircuitReadings(
            plain=self.run_plainly(knockouts),
            nothing_removed=knockouts.without([[]])[0],
            whole=whole,
            empty=empty,
            naive=of_naive,
            movers_removed=knockouts.without([nodes_of(circuit, *movers)])[0] if movers else None,
            random_movers_removed=knockouts.without(random_movers, "random heads knocked out"),
            random_circuits=random[0],
            random_circuits_of_the_same_layers=random[1],
            removals=removals,
            naive_removals=remove_classes(knockouts, naive),
            minimality=measure_minimality(knockouts, circuit),
            nodes=len(nodes_of(circuit)),
            pairs=self._count_pairs(knockouts),
        )

    def mentions(self) -> Mentions:
        """Returns the behaviour with a name mentioned once more, on all prompts of two sentences."""
        keep, batch_size = self._keep_on(self.prompts), self.params.batch_size
        return Mentions(**keep("mentions", lambda: vars(mention_again(self.model, self.prompts, batch_size))))

    def mlps(self, prompts: Sequence[Prompt]) -> Float[np.ndarray, "set prompt"]:
        """Returns the logit difference without each MLP alone, and last without all but the first."""
        batches = encode_prompts(prompts, self.model.tokenizer, self.params.batch_size)
        keep = self._keep_on(prompts)
        return keep("MLPs", lambda: {"f": knock_out_mlps(self.decoder, prompts, batches, self.means)})["f"]

    def run_plainly(self, knockouts: Knockouts) -> Float[np.ndarray, " prompt"]:
        """Returns the logit difference of the model itself, without any module of ours."""
        values = np.empty(knockouts.n_prompts)
        for case in knockouts.cases:
            logits = self.model.bridge(case.batch.clean, logits_to_keep=1)[:, -1]
            values[case.batch.rows] = logit_difference(logits, case.batch.io_token, case.batch.s_token).numpy()
        return values

    def _keep_on(self, prompts: Sequence[Prompt]) -> Keep:
        return lambda inputs, compute: self._keep(f"{inputs}\n{list(prompts)}", compute)

    def _remove_parts(
        self, knockouts: Knockouts, greedy: Knockouts, circuit: Circuit, rng: np.random.Generator
    ) -> list[Removal]:
        """Returns the removal of classes, of random parts, and of parts that a greedy search chose."""
        p, sets = self.params, draw_sets(circuit, self.params.random_sets, rng)
        removals = remove_classes(knockouts, circuit)
        removals += remove_sets(knockouts, circuit, sets, "random", [f"random set {n + 1}" for n in range(len(sets))])
        if nodes_of(circuit):
            found = search_greedily(greedy, circuit, p.greedy_runs, p.greedy_steps, p.greedy_candidates, rng)
            removals += remove_sets(knockouts, circuit, found, "greedy", [" ".join(map(str, nodes)) for nodes in found])
        return removals

    def _count_pairs(self, knockouts: Knockouts) -> Float[np.ndarray, " prompt"]:
        """Returns the number of pairs of a head and a position in the model, for each prompt."""
        lengths = np.empty(knockouts.n_prompts)
        for case in knockouts.cases:
            lengths[case.batch.rows] = case.batch.clean.shape[1]
        return lengths * self.decoder.n_layers * self.decoder.n_heads

    def _draw(self, circuit: Circuit, rng: np.random.Generator, *, same_layers: bool) -> list:
        size = self.decoder.n_layers, self.decoder.n_heads
        return draw_circuits(circuit, *size, self.params.random_draws, rng, same_layers=same_layers)

    def _measure_growth(self, cases: Sequence[Case], prompts: Sequence[Prompt], heads: Sequence[Head]) -> Arrays:
        """Returns the growth of every head's direct effect (prompt layer head) with some heads knocked out."""
        growth = np.empty((len(prompts), self.decoder.n_layers, self.decoder.n_heads))
        for case in cases:
            means = self.means.for_batch([prompts[row].form for row in case.batch.rows])
            runs = case.clean, case.corrupted
            after, before = (knocked_out_effects(self.decoder, case.batch, runs, means, h) for h in (heads, ()))
            growth[case.batch.rows] = (after - before).permute(2, 0, 1).numpy()
        return {"growth": growth}

    def _patch_nothing(self, case: Case, receivers: Sequence[Head]) -> Arrays:
        """Returns the largest effect of paths from a second clean run, in another order so that rounding may show."""
        again = run_everywhere(self.decoder, embed(self.decoder, case.batch.clean.flip(0)))
        twin = type(again)(**{name: values.flip(1) for name, values in vars(again).items()})
        largest = torch.zeros(len(case.batch))
        for kind, source, node in (("query", END, END), ("value", "S2", END), ("key", "S1+1", "S2")):
            effects = path_effects(
                self.decoder, Case(case.batch, case.clean, twin), Target(tuple(receivers), kind, source, node)
            )
            sizes = torch.cat([effects.by_sender.flatten(0, 1), effects.of_all.unsqueeze(0)]).abs()
            largest = torch.maximum(largest, sizes.amax(0))
        return {"sizes": largest.numpy()}
