"""What `params.yaml` says of a setting: which models are trained on what, or which trained model is looked at."""

from typing import Literal

from replications.common.params import StageParams
from replications.induction_heads.model import Shape


class CorpusChoice(StageParams):
    """Where documents come from.

    Attributes:
        source: `phrases`, or text: the source code of a package (or two), or a folder of *.txt.
        path: the folder, for `folder` alone.
        vocabulary: words of the phrase language, or tokens of the byte-pair encoding.
    """

    source: Literal["phrases", "sympy", "sympy-and-transformers", "folder"]
    path: str | None
    vocabulary: int


class ModelChoice(StageParams):
    """One model of an experiment, trained once per seed; `phrases` is how many a phrase document owns."""

    layers: int
    width: int
    mlp: bool
    smeared: bool
    phrases: int


class Experiment(StageParams):
    """Models trained alike on one corpus. The numbers are explained in `params.yaml`."""

    device: str
    processes: int
    corpus: CorpusChoice
    context: int
    heads: int
    documents_per_batch: int
    documents_at_once: int
    steps: int
    snapshots: int
    learning_rate: float
    warmup_steps: int
    early: tuple[int, int]
    late: tuple[int, int]
    evaluation_documents: int
    bump_from: int
    seeds: tuple[int, ...]
    models: dict[str, ModelChoice]

    def shape(self, model: str, vocabulary: int) -> Shape:
        """Returns the sizes of one of the models.

        Args:
            model: its name.
            vocabulary: number of tokens, the start token included.
        """
        choice = self.models[model]
        return Shape(choice.layers, self.heads, choice.width, vocabulary, self.context, choice.mlp, choice.smeared)


class Pretrained(StageParams):
    """A trained model, as `load_language_model` takes it."""

    model: str
    path: str | None


class Setting(StageParams):
    """An entry of `settings` in `params.yaml`: experiments by name, or a pretrained model."""

    pretrained: Pretrained | None
    experiments: dict[str, Experiment]
