"""Training: a killed run goes on to the same result, seeds share documents, and a missing GPU is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from replications.common.params import load_params, load_setting
from replications.induction_heads import corpora, training
from replications.induction_heads.corpora import Params
from replications.induction_heads.runs import load_history, save_history
from replications.induction_heads.settings import Experiment, Setting
from replications.induction_heads.tests.test_dataset import make_text
from replications.induction_heads.training import DeviceUnavailableError, RunName, check_device, train_run

PARAMS = load_params("induction_heads", "train", Params)


def shrink(setting: str, experiment: str, **changes) -> Experiment:
    """Returns an experiment of `params.yaml` as small as a test wants it."""
    sizes = {"steps": 20, "snapshots": 4, "documents_per_batch": 4, "documents_at_once": 3, "evaluation_documents": 6}
    chosen = load_setting("induction_heads", setting, Setting).experiments[experiment]
    return chosen.model_copy(update={**sizes, "warmup_steps": 5, **changes})


def test_a_run_that_was_killed_goes_on_to_the_same_weights_and_the_same_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    experiment, name = shrink("laptop", "phrases"), RunName("phrases", "two-layer", 0)
    model, history = train_run(experiment, name, PARAMS, tmp_path / "whole", print)

    learn, steps = training._Trainer._learn, []

    def die_at_step_13(self, documents):
        steps.append(self.step)
        if self.step == 13 and len(steps) == 14:
            raise KeyboardInterrupt
        learn(self, documents)

    monkeypatch.setattr(training._Trainer, "_learn", die_at_step_13)
    with pytest.raises(KeyboardInterrupt):
        train_run(experiment, name, PARAMS, tmp_path / "killed", print)
    resumed, again = train_run(experiment, name, PARAMS, tmp_path / "killed", print)
    assert steps[14] == 10  # it went on from the last snapshot, not from the beginning
    for before, after in zip(model.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(before, after)
    for field in ("tokens", "losses", "prefix", "copying", "previous", "watched"):
        assert np.array_equal(getattr(history, field), getattr(again, field)), field


def test_a_checkpoint_of_another_experiment_is_not_taken_up(tmp_path: Path):
    name = RunName("phrases", "one-layer", 0)
    train_run(shrink("laptop", "phrases"), name, PARAMS, tmp_path, print)
    train_run(shrink("laptop", "phrases", learning_rate=0.001), name, PARAMS, tmp_path, print)
    assert len(list(tmp_path.iterdir())) == 2


def test_models_of_one_seed_see_the_same_documents_whatever_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: dict[str, list[torch.Tensor]] = {"two-layer": [], "smeared-two-layer": []}
    monkeypatch.setattr(training._Trainer, "_learn", lambda self, documents: seen[self.name.model].append(documents))
    for model in seen:
        train_run(shrink("laptop", "phrases", steps=3), RunName("phrases", model, 1), PARAMS, tmp_path, print)
    assert all(torch.equal(a, b) for a, b in zip(*seen.values(), strict=True)) and len(seen["two-layer"]) == 3


def test_training_lowers_the_loss_and_gradients_of_parts_add_up_to_those_of_the_batch(tmp_path: Path):
    name = RunName("phrases", "one-layer", 0)
    whole, history = train_run(shrink("laptop", "phrases", documents_at_once=4), name, PARAMS, tmp_path, print)
    parts, _ = train_run(shrink("laptop", "phrases", documents_at_once=1), name, PARAMS, tmp_path, print)
    assert history.losses[-1].mean() < history.losses[0].mean() - 0.1
    assert torch.allclose(whole.embedding, parts.embedding, atol=1e-3)


def test_a_history_reads_back_and_only_the_watched_model_keeps_its_attention(tmp_path: Path):
    for name, kept in ((RunName("phrases", "two-layer", 0), 5), (RunName("phrases", "two-layer", 1), 0)):
        _, history = train_run(shrink("laptop", "phrases"), name, PARAMS, tmp_path, print)
        save_history(tmp_path / "history.safetensors", history)
        again = load_history(tmp_path / "history.safetensors")
        assert len(again.watched) == kept
        assert again.tokens.tolist() == [0, 2560, 5120, 7680, 10240]  # 5 steps of 4 documents of 128 tokens
        assert np.allclose(again.prefix, history.prefix) and again.losses.shape == (5, 127)


@pytest.mark.parametrize("setting", ["gpu", "paper"])
def test_the_large_settings_refuse_a_machine_without_gpu_and_run_on_a_cpu_if_told(
    setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailableError, match="has no GPU"):
        check_device("cuda")
    monkeypatch.setattr(corpora, "load_text", lambda source, path, vocabulary: make_text())
    experiment = shrink(setting, "text", device="cpu", context=160, steps=2, snapshots=1, heads=2)
    small = {name: choice.model_copy(update={"width": 16}) for name, choice in experiment.models.items()}
    experiment = experiment.model_copy(update={"models": small})
    for model in ("six-layer", "two-layer-mlp", "smeared-one-layer"):
        _, history = train_run(experiment, RunName("text", model, 0), PARAMS, tmp_path, print)
        assert history.losses.shape == (2, 159) and np.isfinite(history.losses).all()
        assert history.prefix.shape[1:] == (experiment.models[model].layers, 2)
