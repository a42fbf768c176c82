"""Stage: asks the model every fact, and keeps those that it knows.

python -P -m replications.rome.prepare SETTING
"""

from collections.abc import Sequence

import torch
from tqdm import tqdm

from replications.common.files import write_json
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.rome.dataset import Fact, load_facts
from replications.rome.decoder import Decoder
from replications.rome.encoding import Prompt, encode_prompt
from replications.rome.runs import next_token_logits, pad
from replications.rome.settings import Setting, load_decoder


class Params(StageParams):
    """Section `prepare` of `params.yaml`."""

    seed: int
    batch_size: int


@torch.no_grad()
def find_known(decoder: Decoder, prompts: Sequence[Prompt], batch_size: int) -> list[bool]:
    """Returns which facts the model knows: the likeliest next token is the first of the object.

    Source: meng2022rome, App. B.1.
    """
    known: list[bool] = []
    for first in tqdm(range(0, len(prompts), batch_size), desc="which facts are known", unit="batch"):
        batch = prompts[first : first + batch_size]
        answers = next_token_logits(decoder, pad([prompt.tokens for prompt in batch], decoder.device)).argmax(-1)
        known += [int(answer) == prompt.target[0] for answer, prompt in zip(answers, batch, strict=True)]
    return known


def main() -> None:
    """Writes `artifacts/<setting>/facts.json`: facts to trace, which the model knows, and facts to edit."""
    name = parse_setting("rome")
    params, setting = load_params("rome", "prepare", Params), load_setting("rome", name, Setting)
    candidates = load_facts(setting.traced_facts, params.seed)
    decoder, model = load_decoder(setting)
    known = find_known(decoder, [encode_prompt(fact, model.tokenizer) for fact in candidates], params.batch_size)
    traced = [fact for fact, is_known in zip(candidates, known, strict=True) if is_known][: setting.traces]
    # Deviation: known-facts-edited
    edited: list[Fact] = traced if setting.edited_facts is None else load_facts(setting.edited_facts, params.seed)
    content = {
        "candidates": len(candidates),
        "known": sum(known),
        "all": [fact.model_dump() for fact in candidates],
        "traced": [fact.case_id for fact in traced],
        "edited": [fact.model_dump() for fact in edited[: setting.edits]],
    }
    write_json(artifacts_dir("rome", name) / "facts.json", content)
    print(
        f"{sum(known)} of {len(candidates)} facts are known; {len(traced)} are traced, {len(content['edited'])} edited"
    )


if __name__ == "__main__":
    main()
