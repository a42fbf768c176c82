"""The stages on tiny data: every claim is measured, runs resume, and published networks run on a stand-in."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.verdicts import Verdict
from replications.tcav import published, published_readings
from replications.tcav.captioned import WITHOUT, CaptionedNetworks
from replications.tcav.captioned_estimates import profile_differences, separation
from replications.tcav.captioned_readings import CaptionedReadings, shuffle_pixels
from replications.tcav.correlation import spearman
from replications.tcav.experiment import Networks, Record, Spec
from replications.tcav.fashion import Garments
from replications.tcav.figures import draw_captions, draw_published, draw_textures
from replications.tcav.jobs import drop_jobs, run_jobs
from replications.tcav.measure import estimate_claims, to_bytes
from replications.tcav.networks import StagedNetwork, Training, build_network, predict_logits, train_network
from replications.tcav.photographs import CAPTION_TOP
from replications.tcav.published import PublishedNetwork, PublishedNetworkError, chain_stages, read_published
from replications.tcav.published_readings import GROUPS, ImagesError
from replications.tcav.readings import find_readings
from replications.tcav.settings import CaptionsSetting, ImageNetSetting, MeasureParams, TexturesSetting
from replications.tcav.tables import read_scores, score_from, write_scores
from replications.tcav.textured import TexturedNetworks
from replications.tcav.textured_readings import TexturedReadings
from replications.tcav.train import train_one
from replications.tcav.weights import load_networks, pack_weights

PARAMS = MeasureParams(
    seed=0, concept_images=12, held_out=3, pool=60, runs=4, relative_runs=2, penalty=0.01, level=0.05, hypotheses=2,
    inputs=8, random_concepts=7, saliency_images=8, gradient_steps=2, noisy_samples=2, noise=0.1, attack_size=0.3,
    noise_images=4,
)  # fmt: skip
TRAINING = Training(epochs=1, batch_size=16, learning_rate=0.003)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)


@pytest.fixture
def captioned(rng) -> CaptionedNetworks:
    def draw(*shape: int) -> np.ndarray:
        return rng.integers(256, size=(*shape, 28, 28)).astype(np.uint8)

    garments = Garments(train=draw(4, 6), test=draw(4, 30), others=draw(60 + 48))
    return CaptionedNetworks(garments, CaptionsSetting(seeds=(0,), noise=(0.0, 1.0, None)))


def read_all(networks: Networks) -> tuple[dict[Spec, Record], dict[Spec, StagedNetwork]]:
    """Returns what is read off networks that were hardly trained, through JSON as in the stage."""
    trained, records = {}, {}
    readings = find_readings(networks, PARAMS)
    for spec in networks.specs:
        network = networks.build(spec)
        list(networks.train(spec, network, TRAINING))
        trained[spec] = network.eval().requires_grad_(False)
        records[spec] = json.loads(json.dumps(readings.read(spec, network)))
    return records, trained


def rows_of(records: dict[Spec, Record], table: str = "scores") -> list:
    return [score_from(row) for record in records.values() for row in record[table]]


def names_of(records: dict[Spec, Record]) -> dict[str, Record]:
    return {spec.name: record for spec, record in records.items()}


def test_every_claim_of_captions_is_measured_and_drawn(captioned, tmp_path):
    records, trained = read_all(captioned)
    judged = judge_setting(load_claims("tcav"), "captions", estimate_claims(captioned, records, PARAMS))
    assert not {claim.verdict for claim in judged.claims} & {Verdict.NOT_RUN}
    scores = rows_of(records)
    ours, papers = 9 * 4, 4 + 4  # concepts by classes, and the paper's own two sets of each class
    assert len([s for s in scores if "," not in s.inputs]) == 3 * 5 * (ours + papers)  # networks, stages
    write_scores(tmp_path / "scores.csv", scores)
    again = read_scores(tmp_path / "scores.csv")
    assert [(s.network, s.stage, s.concept, s.inputs, s.passes) for s in again] == [
        (s.network, s.stage, s.concept, s.inputs, s.passes) for s in scores
    ]
    pictures = {name: to_bytes(a) for name, a in CaptionedReadings(captioned, PARAMS).picture(trained).items()}
    for draw, _ in draw_captions(again, names_of(records), pictures).values():
        assert draw().axes or draw().subfigs


def test_every_claim_of_textures_is_measured_and_drawn():
    networks = TexturedNetworks(TexturesSetting(seeds=(0,), train=4, test=10))
    records, trained = read_all(networks)
    judged = judge_setting(load_claims("tcav"), "textures", estimate_claims(networks, records, PARAMS))
    assert not {claim.verdict for claim in judged.claims} & {Verdict.NOT_RUN}
    calibration = rows_of(records, "calibration")
    assert len({(s.network, s.stage, s.concept) for s in calibration}) == PARAMS.random_concepts
    pictures = {name: to_bytes(a) for name, a in TexturedReadings(networks, PARAMS).picture(trained).items()}
    for draw, _ in draw_textures(rows_of(records), calibration, names_of(records), pictures, 0.025).values():
        assert draw().axes


def test_the_random_set_of_a_captioned_concept_shares_no_photograph_with_it(captioned):
    """Each photograph is constant here, its brightness tells which it is."""
    concepts = CaptionedReadings(captioned, PARAMS).concepts
    assert [len(images) for images in concepts.values()] == [12] * 8 + [60]
    kept, labels = CaptionedReadings(captioned, PARAMS).without_captions
    assert len(kept) == 4 * (30 - 12) and (np.bincount(labels) == 18).all()


def test_the_papers_caption_concept_keeps_the_caption_and_the_colours_but_not_their_places(rng):
    images = rng.random((2, 3, 48, 48))
    shuffled = shuffle_pixels(images, rng)
    assert (shuffled[:, :, CAPTION_TOP:] == images[:, :, CAPTION_TOP:]).all()
    for image, other in zip(images[:, :, :CAPTION_TOP], shuffled[:, :, :CAPTION_TOP], strict=True):
        colours, others = (sorted(map(tuple, part.reshape(3, -1).T)) for part in (image, other))
        assert colours == others
        assert (image == other).mean() < 0.05


def test_networks_of_one_seed_see_the_same_photographs_and_differ_in_captions(captioned):
    clean, noisy = (
        captioned.draw(captioned.garments.train, noise, np.random.default_rng([0, 0]))[0] for noise in (None, 1.0)
    )
    assert torch.equal(clean[:, :, :CAPTION_TOP], noisy[:, :, :CAPTION_TOP])
    assert not torch.equal(clean, noisy)


def test_a_network_learns_what_can_be_learned(rng):
    images = torch.from_numpy(rng.random((120, 3, 16, 16)).astype(np.float32))
    labels = torch.arange(120) % 2
    images[labels == 1, 0] += 0.5
    network = build_network(2, 16, torch.Generator().manual_seed(0))
    losses = list(train_network(network, images, labels, Training(8, 20, 0.01), rng))
    assert losses[-1] < losses[0] / 5
    assert (predict_logits(network, images).argmax(1) == labels).all()


def test_weights_come_back_as_they_were(captioned, tmp_path):
    trained = {spec: captioned.build(spec) for spec in captioned.specs}
    (tmp_path / "w").write_bytes(pack_weights({spec: n.state_dict() for spec, n in trained.items()}))
    again = load_networks(tmp_path / "w", captioned)
    for spec, network in trained.items():
        for key, tensor in network.state_dict().items():
            assert torch.equal(tensor, again[spec].state_dict()[key])
    with pytest.raises(FileNotFoundError, match="make repro NAME=tcav"):
        load_networks(tmp_path / "missing", captioned)


def test_training_twice_gives_the_same_weights(captioned):
    spec = Spec(WITHOUT, 0)
    assert train_one(captioned, spec, TRAINING) == train_one(captioned, spec, TRAINING)


def test_a_run_that_was_killed_goes_on_to_the_same_result(tmp_path, capsys):
    specs = [Spec("a", seed) for seed in range(4)]
    done: list[int] = []

    def work(spec: Spec) -> bytes:
        done.append(spec.seed)
        return str(spec.seed).encode()

    def killed(spec: Spec) -> bytes:
        if spec.seed == 3:
            raise KeyboardInterrupt
        return work(spec)

    with pytest.raises(KeyboardInterrupt):
        run_jobs("t", specs, killed, tmp_path, "key")
    assert run_jobs("t", specs, work, tmp_path, "key") == {spec: str(spec.seed).encode() for spec in specs}
    assert "networks were done before" in capsys.readouterr().out
    count = len(done)
    run_jobs("t", specs, work, tmp_path, "key")
    assert len(done) == count  # all is kept
    run_jobs("t", specs, work, tmp_path, "another key")
    assert len(done) == count + 4  # nothing that another key left is taken


def test_after_the_results_are_written_nothing_is_kept_for_the_next_run(tmp_path):
    done: list[Spec] = []

    def work(spec: Spec) -> bytes:
        done.append(spec)
        return b"result"

    for _ in range(2):
        run_jobs("t", [Spec("a", 0)], work, tmp_path / "unfinished", "key")
        drop_jobs(tmp_path / "unfinished")
    assert done == [Spec("a", 0)] * 2


class TinyBackbone(nn.Module):
    """A stand-in for a published network, with children named as torchvision names them."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.conv1 = nn.Conv2d(3, 4, 3, stride=2)
        self.maxpool1 = nn.MaxPool2d(2)
        self.inception3a = nn.Sequential(nn.Conv2d(4, 6, 3), nn.ReLU())
        self.aux1 = nn.Linear(2, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(6, 7)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.5, 0.5, generator=generator)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.inception3a(self.maxpool1(self.conv1((images - 0.5) / 0.5)))
        return self.fc(self.dropout(self.avgpool(x).flatten(1)))


@pytest.fixture
def folders(tmp_path, rng) -> Path:
    names = [f"concepts/{name}" for group in GROUPS.values() for name in group]
    for name in (*names, *(f"classes/{name}" for name in GROUPS), "random"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(4 if name != "random" else 10):
            pixels = rng.integers(256, size=(20, 24, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{number}.png")
    return tmp_path


@pytest.fixture
def stand_in(folders, monkeypatch) -> PublishedNetwork:
    monkeypatch.setattr(published, "build_published", lambda name: chain_stages(TinyBackbone()))
    monkeypatch.setattr(published, "load_published", lambda name, path: chain_stages(TinyBackbone()))
    monkeypatch.setattr(published_readings, "CONCEPT_IMAGES", 4)
    monkeypatch.setitem(published_readings.SIDES, "googlenet", 16)
    classes = {name: number for number, name in enumerate(GROUPS)}
    settings = ImageNetSetting(
        network="googlenet", weights=None, images="images", stages=("conv1", "inception3a"), classes=classes,
        simple="red", abstract="siberian-husky",
    )  # fmt: skip
    return PublishedNetwork(settings, folders)


def test_a_published_network_is_measured_from_folders_of_images(stand_in, monkeypatch):
    monkeypatch.setitem(PARAMS.__dict__, "held_out", 1)
    records, trained = read_all(stand_in)
    judged = judge_setting(load_claims("tcav"), "googlenet", estimate_claims(stand_in, records, PARAMS))
    assert {claim.id for claim in judged.claims if claim.value is not None} >= {"striped-zebra", "dotted-is-filtered"}
    assert find_readings(stand_in, PARAMS).picture(trained) == {}
    for draw, _ in draw_published(rows_of(records)).values():
        assert draw().axes


def test_the_chain_of_stages_computes_what_the_published_network_does():
    model = TinyBackbone().eval()
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    chained = chain_stages(model).eval()
    assert list(chained.stages) == ["conv1", "inception3a", "fc"]
    assert torch.allclose(chained(images), model(images))


def test_too_few_concept_images_are_named(stand_in, monkeypatch):
    monkeypatch.setattr(published_readings, "CONCEPT_IMAGES", 30)
    with pytest.raises(ImagesError, match="got fewer than 30 images of african, arms"):
        _ = find_readings(stand_in, PARAMS).concepts


def test_missing_weights_and_a_missing_torchvision_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(PublishedNetworkError, match=r"got no file .*; expected weights of googlenet"):
        read_published("googlenet", tmp_path / "missing.pth")
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(PublishedNetworkError, match=r"pip install torchvision==0\.28\.0"):
        published.build_published("googlenet")


def test_a_torchvision_for_another_torch_is_told_from_a_missing_one(tmp_path, monkeypatch):
    """This is how a torchvision for CUDA fails beside a torch without."""
    (tmp_path / "torchvision").mkdir()
    code = 'raise RuntimeError("operator torchvision::nms does not exist")'
    (tmp_path / "torchvision" / "__init__.py").write_text(code, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PublishedNetworkError, match=r"nms does not exist.*built for the torch that is here"):
        published.build_published("googlenet")


def test_weights_are_read_without_pickles_and_without_auxiliary_classifiers(tmp_path):
    torch.save(TinyBackbone().state_dict(), tmp_path / "w.pth")
    assert not [name for name in read_published("googlenet", tmp_path / "w.pth") if name.startswith("aux1")]


def test_profiles_that_are_alike_do_not_differ():
    def row(inputs: str, score: float) -> dict:
        return {
            "stage": "s", "concept": "c", "inputs": inputs, "score": score, "spread": 0, "p_value": 0,
            "p_value_random": None, "passes": True, "accuracy": 1, "network": "", "condition": "", "seed": 0,
        }  # fmt: skip

    scores = {"coat, adversarial": 0.9, "coat, first half": 0.4, "coat, second half": 0.5, "coat": 0.45}
    differences = profile_differences({"scores": [row(*item) for item in scores.items()]})
    assert differences["coat"] == (pytest.approx(0.5), pytest.approx(0.1))


def test_separation_and_rank_correlation_of_known_samples():
    assert separation([3, 4], [1, 2]) == 1
    assert separation([1, 2], [1, 2]) == 0.5
    assert spearman(np.array([[1, 2], [3, 4]]), np.array([[1, 4], [9, 16]])) == pytest.approx(1)
    assert spearman(np.ones(4), np.arange(4)) == 0
