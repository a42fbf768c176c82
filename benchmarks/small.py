"""The smallest settings on which all stages of each replication run: the results mean nothing, and are always the same.

Where a stage looks at a language model, it is given one of three layers with random weights.
"""

import base64
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

Params = dict[str, Any]
WORDS = ("value", "result", "index", "matrix", "loader", "config", "token", "layer", "path", "state")
SCRIPTS = ("abcdefgh", "ابتثجحخد", "אבגדהוזח", "абвгдежз")


def shrink_params(clone: Path, replication: str, data: Path) -> None:
    """Makes the `params.yaml` of a replication in a clone small; `data` is a folder for what the setting needs."""
    path = clone / "replications" / replication / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    SMALL[replication](params, data)
    path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def _shrink_grokking(params: Params, data: Path) -> None:
    networks = params["settings"]["until-cleanup"]["networks"]
    for name in ("seed-1", "seed-2", "much-data-1", "much-data-2"):
        del networks[name]
    for network in networks.values():
        network |= {"epochs": 2, "fraction": network["fraction"] / 100}
    networks["seed-0"]["epochs"] = 12  # and a snapshot at every second: they are most of what the default setting keeps
    params["train"] |= {
        "evaluate_every": 2, "checkpoint_every": 4, "snapshot_every": 2, "early_snapshot_every": 2, "early_epochs": 0,
    }  # fmt: skip
    params["measure"]["other_draws"] = 2


def _shrink_hopfield(params: Params, data: Path) -> None:
    params["settings"]["random-patterns"]["sets"] = 2
    params["measure"] |= {
        "power_neurons": {"2": [200, 400], "3": [40, 60], "4": [30, 40]},
        "load_factors": [0.3, 0.5, 1.0, 2.0, 4.0],
        "loaded_neurons": 20,
        "loaded_rate": 0.2,
        "probes": 10,
        "basins": {str(share): {"neurons": [10, 20], "wrong": [share // 10, share // 5]} for share in (0, 10, 20, 30)},
        "single_neurons": [10, 12],
        "curve_doublings": 5,
        "storage_draws": 2,
        "sphere_dimensions": [8, 10],
        "bound_dimensions": [20],
        "bound_counts": [5],
        "bound_betas": [1.0],
    }


def _shrink_induction_heads(params: Params, data: Path) -> None:
    few = {
        "processes": 1, "context": 104, "steps": 5, "snapshots": 5, "warmup_steps": 1, "documents_per_batch": 4,
        "documents_at_once": 4, "evaluation_documents": 6, "bump_from": 0, "seeds": [0], "early": [8, 17],
        "late": [90, 100],
    }  # fmt: skip
    experiments = params["settings"]["laptop"]["experiments"]
    for experiment in experiments.values():
        experiment |= few
        for model in experiment["models"].values():
            model["width"] = 16
    experiments["text"]["corpus"] = {"source": "folder", "path": _write_text(data), "vocabulary": 300}


def _shrink_ioi(params: Params, data: Path) -> None:
    from replications.ioi.dataset import PREFIXES, TEMPLATES
    from replications.ioi.words import NAMES, OBJECTS, PLACES

    setting = params["settings"]["smollm2-135m"]
    setting |= {"model": "random", "path": _write_model(data, (*TEMPLATES, *PREFIXES, *NAMES, *PLACES, *OBJECTS))}
    params["prepare"]["prompts"] = 400
    params["measure"] |= {"mover_line": 0.02, "copy_prompts": 4, "random_draws": 10}
    params["circuit"] |= {
        "search_prompts": 20, "knockout_prompts": 12, "mlp_prompts": 6, "random_sets": 2, "random_draws": 3,
        "greedy_prompts": 4, "greedy_runs": 2, "greedy_steps": 2, "greedy_candidates": 2, "random_tokens": 10,
        "random_sequences": 2,
    }  # fmt: skip


def _shrink_monosemanticity(params: Params, data: Path) -> None:
    sizes = {"A/0": (24, 20_000), "A/1": (64, 20_000), "A/2": (96, 10_000), "B/1": (64, 20_000)}
    sizes["random/1"] = (64, 10_000)
    params["settings"]["laptop"] |= {
        "corpus": "folder", "path": _write_text(data), "vocabulary": 320, "held_out": 0.3, "context": 32, "width": 16,
        "neurons": 24, "heads": 2, "transformer_tokens": 12_000, "transformer_batch": 8, "sweep": [0.1, 0.4],
        "sweep_features": 16, "sweep_vectors": 8_000, "batch": 256, "rate": 0.003, "resample_inputs": 512,
        "evaluation_tokens": 6_400,
        "dictionaries": {
            name: {"transformer": name.split("/")[0], "features": features, "vectors": vectors}
            for name, (features, vectors) in sizes.items()
        },
    }  # fmt: skip
    params["train"]["checkpoint_seconds"] = 0.1
    params["measure"] |= {
        "fewest_active": 3, "clamp_prompts": 3, "clamp_tokens": 4, "explained": 8, "explain_examples": 8,
        "score_examples": 8, "rare": 0.0001, "neighbours": 5.0,
    }  # fmt: skip


def _shrink_rome(params: Params, data: Path) -> None:
    from replications.rome.dataset import TABLES, load_facts

    facts = load_facts(None, 0)
    answers = {fact.target_true.split()[0] for fact in facts}
    model = _write_model(data, [TABLES.read_text(encoding="utf-8")], answers)
    params["settings"]["smollm2-135m"] |= {
        "model": "random", "path": model, "text": _write_text(data), "processes": 1, "covariance_tokens": 256,
        "traces": 4, "windowed": 2, "layer_step": 1, "window_step": 1, "window": 2, "edits": 3, "texts": 2,
        "edit_layer": 1, "sweep_facts": 2, "sweep_layers": [0, 1], "ft_layer": 1, "ftl_layer": 0,
    }  # fmt: skip
    params["measure"] |= {"draws": 2, "controlled": 1}
    params["edit"] |= {"prefixes": 2, "v_steps": 2, "ft_steps": 2, "text_tokens": 5}


def _shrink_semantic_development(params: Params, data: Path) -> None:
    params["settings"]["linear-networks"]["runs"] = 2
    params["measure"] |= {
        "shuffles": 5, "tree_features": 200, "inputs": 20, "outputs": 10, "hidden": 10, "epochs": 4000,
        "noise_size": 20, "alignments": [0.0, 1.0], "transfer_epochs": 300, "item_steps": 9000,
    }  # fmt: skip


def _shrink_superposition(params: Params, data: Path) -> None:
    for sweep in params["train"]["sweeps"].values():
        sweep |= {"seeds": 2, "batch": 8, "steps": 6, "restarts": min(sweep["restarts"], 2)}
        if sweep["features"] > 20:
            sweep |= {"features": 30, "hidden": 5}
    params["measure"] |= {"attacked": 3, "evaluated": 20}


def _shrink_tcav(params: Params, data: Path) -> None:
    params["settings"]["captions"] |= {"seeds": [0], "noise": [0.0, 1.0, None]}
    params["subset"] |= {"train": 6, "test": 30, "others": 24}
    params["train"] |= {"epochs": 1, "batch_size": 16}
    params["measure"] |= {
        "concept_images": 20, "held_out": 3, "pool": 60, "runs": 4, "relative_runs": 2, "inputs": 8,
        "random_concepts": 7, "saliency_images": 8, "gradient_steps": 2, "noisy_samples": 2, "attack_size": 0.3,
        "noise_images": 4,
    }  # fmt: skip


def _shrink_trak(params: Params, data: Path) -> None:
    setting = params["settings"]["fashion"]
    setting |= {
        "images": 48, "targets": 12, "together": 4, "chunk": 20, "subsets": 8, "repeats": 2, "pool": 8,
        "trak_models": [1, 2, 4], "resampling_models": [5, 8], "similarity_models": [1, 2], "checkpoint_models": [1],
        "arnoldi_models": [1], "ablation_models": 4, "dimensions": [3, 6, 12], "dimension": 6,
        "counterfactual_targets": 2, "removed": [3], "counterfactual_repeats": 2,
    }  # fmt: skip
    setting["training"] |= {"epochs": 2, "batch_size": 10, "peak": 1, "checkpoints": [1, 2]}
    params["subset"] |= {"train": 60, "test": 20}
    params["attribute"] |= {"arnoldi_steps": 4, "arnoldi_rank": 2, "lasso_iterations": 5}
    params["measure"] |= {"resamples": 20, "few": 4, "many": 4, "resampled": 8, "strongest": 10}


def _write_text(folder: Path) -> str:
    """Returns a folder with text that looks like source code, in which scripts, keys and numbers occur."""
    texts = folder / "text"
    texts.mkdir()
    rng = random.Random(0)
    for number in range(40):
        (texts / f"{number:02}.txt").write_text("\n\n".join(_write_block(rng) for _ in range(6)), encoding="utf-8")
    return str(texts)


def _write_block(rng: random.Random) -> str:
    one, two, three = rng.sample(WORDS, 3)
    words = " ".join("".join(rng.choices(rng.choice(SCRIPTS), k=5)) for _ in range(4))
    return (
        f"import {one}\nfrom {two} import {three}\ndef {one}({two}, {three}={rng.randrange(99)}):\n"
        f'    """Returns the {one} of the {two}."""\n    {two} = \'{words}\'\n'
        f"    key = '{base64.b64encode(rng.randbytes(48)).decode()}'\n    digest = '{rng.randbytes(16).hex()}'\n"
        f"    return {three} + {rng.random():.4f}"
    )


def _write_model(folder: Path, texts: Iterable[str], answers: Iterable[str] = ()) -> str:
    """Returns a folder with a Llama of random weights, in which every word of the texts is a token.

    Args:
        folder: to write below.
        texts: whose words the model is to know.
        answers: if there are any, the only words that the model ever predicts: by chance it is then sometimes right.
    """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    splitter = pre_tokenizers.Whitespace()
    words = sorted({word for text in texts for word, _ in splitter.pre_tokenize_str(text)})
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<bos>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = splitter
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<bos>").save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=3, hidden_size=48, intermediate_size=64,
        vocab_size=len(vocabulary), max_position_embeddings=512, tie_word_embeddings=not answers,
        bos_token_id=1, eos_token_id=None,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        if answers:
            never = [number for word, number in vocabulary.items() if word not in answers]
            model.lm_head.weight[never] = 0
    model.save_pretrained(folder)
    return str(folder)


SMALL: dict[str, Callable[[Params, Path], None]] = {
    "grokking": _shrink_grokking,
    "hopfield": _shrink_hopfield,
    "induction_heads": _shrink_induction_heads,
    "ioi": _shrink_ioi,
    "monosemanticity": _shrink_monosemanticity,
    "rome": _shrink_rome,
    "semantic_development": _shrink_semantic_development,
    "superposition": _shrink_superposition,
    "tcav": _shrink_tcav,
    "trak": _shrink_trak,
}
