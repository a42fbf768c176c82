"""What training a setting takes, in floating-point operations.

python -P -m replications.induction_heads.cost SETTING
"""

from replications.common.params import load_setting
from replications.common.stage import parse_setting
from replications.induction_heads.model import MLP_RATIO
from replications.induction_heads.settings import Experiment, Setting

BACKWARD = 2  # a backward pass takes about twice the operations of a forward pass
SUSTAINED = 1.5e14  # operations a second: a large GPU (2026) at about 40 % of its TF32 peak
DAY = 86_400


def count_operations(experiment: Experiment, model: str, vocabulary: int) -> float:
    """Returns the operations of training one model from one seed: matrix products and attention, both ways."""
    choice = experiment.models[model]
    layer = 4 * choice.width**2 + (2 * MLP_RATIO * choice.width**2 if choice.mlp else 0)
    weights = choice.layers * layer + choice.width * vocabulary
    # A query meets half of the context on average, once for scores and once for values.
    attention = choice.layers * 2 * choice.width * experiment.context / 2
    tokens = experiment.steps * experiment.documents_per_batch * experiment.context
    return (1 + BACKWARD) * 2 * (weights + attention) * tokens


def main() -> None:
    """Prints the operations of every model of a setting, and the days that all of it takes."""
    setting = load_setting("induction_heads", parse_setting("induction_heads"), Setting)
    total = 0.0
    for experiment in setting.experiments.values():
        for model in experiment.models:
            operations = count_operations(experiment, model, experiment.corpus.vocabulary)
            total += operations * len(experiment.seeds)
            print(f"{model}: {operations:.2g} operations a seed")
    print(
        f"all models, all seeds: {total:.2g} operations, {total / SUSTAINED / DAY:.2g} days at {SUSTAINED:.1g} a second"
    )


if __name__ == "__main__":
    main()
