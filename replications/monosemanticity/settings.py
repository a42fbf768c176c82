"""The schemas of `params.yaml` that more than one module reads; what each number means stands there."""

from pydantic import BaseModel, ConfigDict

from replications.common.params import StageParams


class Dictionary(BaseModel):
    """A dictionary to be trained: on which transformer, with how many features, on how many vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    transformer: str
    features: int
    vectors: int


class Setting(StageParams):
    """An entry of `settings`."""

    device: str
    workers: int
    corpus: str
    path: str | None
    vocabulary: int
    held_out: float
    context: int
    width: int
    neurons: int
    heads: int
    transformer_tokens: int
    transformer_batch: int
    transformer_rate: float
    seeds: dict[str, int]
    coefficient: float | None
    sweep: tuple[float, ...]
    sweep_features: int
    sweep_vectors: int
    batch: int
    rate: float
    decay: float
    resample: tuple[float, ...]
    dead_density: float
    resample_inputs: int
    dictionaries: dict[str, Dictionary]
    evaluation_tokens: int


class TrainParams(StageParams):
    """Section `train`."""

    seed: int
    target_l0: float
    norm_share: float
    warmup: float
    checkpoint_seconds: float


class MeasureParams(StageParams):
    """Section `measure`."""

    seed: int
    rare: float
    contexts: dict[str, str]
    strong: float
    specific_pearson: float
    specific_share: float
    fewest_active: int
    logit_tokens: int
    clamp_prompts: int
    clamp_tokens: int
    explained: int
    explain_examples: int
    score_examples: int
    snippet: int
    neighbours: float
    cluster_cosine: float
