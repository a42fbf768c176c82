"""The schemas of `params.yaml` that more than one module reads."""

from replications.common.params import StageParams


class MeasureParams(StageParams):
    """Section `measure`: how concepts are tested, and what else is read off the networks."""

    seed: int
    concept_images: int
    held_out: int
    pool: int
    runs: int
    relative_runs: int
    penalty: float
    level: float
    hypotheses: int
    inputs: int
    random_concepts: int
    saliency_images: int
    gradient_steps: int
    noisy_samples: int
    noise: float
    attack_size: float
    noise_images: int


class CaptionsSetting(StageParams):
    """The controlled experiment: `noise` lists the p of each condition, null for networks without captions."""

    seeds: tuple[int, ...]
    noise: tuple[float | None, ...]


class TexturesSetting(StageParams):
    """The textured objects: images of each class to train on and to test on."""

    seeds: tuple[int, ...]
    train: int
    test: int


class ImageNetSetting(StageParams):
    """A published network and folders of images.

    Attributes:
        network: `googlenet` or `inception-v3`.
        weights: file of weights, null for the published ones from the network's own source.
        images: folder with `concepts/<name>/`, `classes/<name>/` and `random/`.
        stages: at which concepts are tested.
        classes: number of the logit, by folder of `classes/`.
        simple: concept whose accuracy should be high everywhere.
        abstract: concept whose accuracy should rise.
    """

    network: str
    weights: str | None
    images: str
    stages: tuple[str, ...]
    classes: dict[str, int]
    simple: str
    abstract: str
