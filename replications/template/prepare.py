"""Stage: builds the data."""

import numpy as np

from replications.common.files import write_json
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.template.dataset import draw_numbers


class Params(StageParams):
    """Parameters of this stage."""

    seed: int


class Setting(StageParams):
    """What differs between settings."""

    draws: int


def main() -> None:
    """Writes `artifacts/<setting>/draws.json`."""
    setting = parse_setting("template")
    params = load_params("template", "prepare", Params)
    draws = load_setting("template", setting, Setting).draws
    numbers = draw_numbers(draws, np.random.default_rng(params.seed))
    write_json(artifacts_dir("template", setting) / "draws.json", numbers.tolist())


if __name__ == "__main__":
    main()
