"""What `params.yaml` says of a setting (which model runs on which prompts) and of the stage `circuit`."""

from replications.common.params import StageParams


class Setting(StageParams):
    """An entry of `settings` in `params.yaml`.

    Attributes:
        model: name, as `load_language_model` takes it.
        path: a folder with the model's files, or a converted checkpoint; None for the download.
        data: a file of prompts in the authors' form; None for our own templates.
    """

    model: str
    path: str | None
    data: str | None


class CircuitParams(StageParams):
    """Section `circuit` of `params.yaml`, which says what each number means."""

    seed: int
    batch_size: int
    path_line: float
    difference_line: float
    attention_line: float
    backup_line: float
    search_prompts: int
    knockout_prompts: int
    mlp_prompts: int
    random_sets: int
    random_draws: int
    greedy_prompts: int
    greedy_runs: int
    greedy_steps: int
    greedy_candidates: int
    random_tokens: int
    random_sequences: int
