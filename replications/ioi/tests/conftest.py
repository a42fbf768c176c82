"""Tiny models with random weights and a tokenizer of whole words: no download, no network."""

from typing import TypeVar

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from replications.common.models import LanguageModel, wrap_model
from replications.ioi.dataset import PREFIXES, TEMPLATES, Prompt, Vocabulary, make_prompts, select_vocabulary
from replications.ioi.words import NAMES, OBJECTS, PLACES

NUMBER_OF_PROMPTS = 48
ModelT = TypeVar("ModelT", bound=torch.nn.Module)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Matrices this small are slower on several threads than on one."""
    torch.set_num_threads(1)


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


@pytest.fixture
def unwrapped(model: LanguageModel, tokenizer: PreTrainedTokenizerFast) -> torch.nn.Module:
    """The same model from Hugging Face alone, untouched by the bridge."""
    return BUILDERS[model.description](tokenizer)
