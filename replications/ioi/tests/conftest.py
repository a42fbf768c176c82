"""Tiny models with random weights and a tokenizer of whole words: no download, no network."""

from typing import TypeVar

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from replications.common.measurements import Measurement
from replications.common.models import LanguageModel, wrap_model
from replications.ioi.dataset import PREFIXES, TEMPLATES, Prompt, Vocabulary, make_prompts, select_vocabulary
from replications.ioi.decoder import Decoder, take_apart
from replications.ioi.encoding import PromptBatch, encode_prompts
from replications.ioi.estimates import PAPER_MODEL
from replications.ioi.knockout import Knockouts
from replications.ioi.means import Means, take_means
from replications.ioi.measure import Params, measure_model
from replications.ioi.tables import HeadRow, Points
from replications.ioi.words import NAMES, OBJECTS, PLACES

NUMBER_OF_PROMPTS = 48
ModelT = TypeVar("ModelT", bound=torch.nn.Module)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Matrices this small are slower on several threads than on one."""
    torch.set_num_threads(1)


RESAMPLES = "replications.common.bootstrap.RESAMPLES"


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are not what these tests are about."""
    monkeypatch.setattr(RESAMPLES, 20)


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerFast:
    """A tokenizer in which every word and every mark is one token; a leading space makes no difference."""
    text = " ".join((*TEMPLATES, *PREFIXES, *NAMES, *PLACES, *OBJECTS))
    splitter = pre_tokenizers.Whitespace()
    words = sorted({word for word, _ in splitter.pre_tokenize_str(text)})
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<bos>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = splitter
    folder = tmp_path_factory.mktemp("tokenizer")  # the bridge wants a tokenizer that comes from a folder
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<bos>").save_pretrained(folder)
    return PreTrainedTokenizerFast.from_pretrained(folder)


@pytest.fixture(scope="session")
def vocabulary(tokenizer: PreTrainedTokenizerFast) -> Vocabulary:
    return select_vocabulary(tokenizer, minimum_names=100, minimum_words=8)


@pytest.fixture(scope="session")
def prompts(vocabulary: Vocabulary) -> list[Prompt]:
    return make_prompts(vocabulary, NUMBER_OF_PROMPTS, np.random.default_rng(0))


@pytest.fixture(scope="session")
def of_few_forms(vocabulary: Vocabulary) -> list[Prompt]:
    """Prompts of six forms, so that each has enough for a mean; three forms are of two sentences."""
    drawn = make_prompts(vocabulary, 400, np.random.default_rng(0))
    forms = sorted({prompt.form for prompt in drawn if prompt.form.startswith(("Yesterday", "Last week", "Once"))})
    return [prompt for prompt in drawn if prompt.form in forms][:NUMBER_OF_PROMPTS]


def build_gpt2(tokenizer: PreTrainedTokenizerFast) -> GPT2LMHeadModel:
    """LayerNorm with bias, biases everywhere, learned positions."""
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=3, n_head=4, n_embd=32, vocab_size=len(tokenizer), n_positions=64, attn_implementation="eager"
    )
    return shake(GPT2LMHeadModel(config))


def build_llama(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """RMSNorm, rotary positions, gated MLP, six heads that share three keys and values."""
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=3,
        hidden_size=48,
        intermediate_size=64,
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    return shake(LlamaForCausalLM(config))


def shake(model: ModelT) -> ModelT:
    """Returns the model with noise on all weights: gains of 1 and biases of 0, as at the start, would hide mistakes."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval()


BUILDERS = {"gpt2": build_gpt2, "llama": build_llama}


@pytest.fixture(scope="session", params=list(BUILDERS))
def model(request: pytest.FixtureRequest, tokenizer: PreTrainedTokenizerFast) -> LanguageModel:
    """Each of the tiny models, wrapped."""
    return wrap_model(BUILDERS[request.param](tokenizer), tokenizer, "0" * 64, request.param)


@pytest.fixture(scope="session")
def unwrapped(model: LanguageModel, tokenizer: PreTrainedTokenizerFast) -> torch.nn.Module:
    """The same model from Hugging Face alone, untouched by the bridge."""
    return BUILDERS[model.description](tokenizer)


@pytest.fixture(scope="session")
def decoder(model: LanguageModel) -> Decoder:
    return take_apart(model.bridge)


@pytest.fixture(scope="session")
def batches(model: LanguageModel, of_few_forms: list[Prompt]) -> list[PromptBatch]:
    """The prompts of few forms, a batch for each length."""
    return encode_prompts(of_few_forms, model.tokenizer, batch_size=NUMBER_OF_PROMPTS)


@pytest.fixture(scope="session")
def means(decoder: Decoder, of_few_forms: list[Prompt], batches: list[PromptBatch]) -> Means:
    return take_means(decoder, of_few_forms, batches)


@pytest.fixture(scope="session")
def knockouts(decoder: Decoder, means: Means, of_few_forms: list[Prompt], batches: list[PromptBatch]) -> Knockouts:
    return Knockouts(decoder, means, of_few_forms, batches)


FirstHalf = tuple[dict[str, Measurement], list[HeadRow], Points]
FIRST_HALF = Params(seed=1, batch_size=48, mover_line=0.02, copied_within=5, copy_prompts=4, random_draws=10)


@pytest.fixture(scope="session")
def first_half(model: LanguageModel, of_few_forms: list[Prompt]) -> FirstHalf:
    """What the stage `measure` finds; GPT-2 stands for the paper's model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RESAMPLES, 20)
        name = PAPER_MODEL if model.description == "gpt2" else "another"
        return measure_model(model, name, of_few_forms, FIRST_HALF)
