"""What `params.yaml` says of a setting: which model runs on which prompts."""

from replications.common.params import StageParams


class Setting(StageParams):
    """An entry of `settings` in `params.yaml`.

    Attributes:
        model: name, as `load_language_model` takes it.
        path: a folder with the model's files in place of the download; None for the download.
        data: a file of prompts in the authors' form; None for our own templates.
    """

    model: str
    path: str | None
    data: str | None
