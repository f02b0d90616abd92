"""The data sets that `dataset=` names: their settings, and what the paper gives for each.

Imports no torch. A field with a default is left out of a run's identity where it has it, see
`schema`.
"""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


@dataclass
class ProtocolConfig:
    """What the paper gives for training on a data set, whatever the model: a trainer's defaults."""

    batch_size: int = MISSING
    lr: float = 0.001  # Adam's
    clip_norm: float | None = None
    patience: int | None = None
    max_epochs: int | None = None
    max_steps: int | None = None
    eval_every: int | None = None


@dataclass
class SizesConfig:
    """The paper's sizes of recurrent models for a data set: a model's defaults."""

    hidden_size: int = MISSING
    hyper_size: int = MISSING
    embedding_size: int = MISSING


@dataclass
class ImagesConfig:
    """Images to classify. `valid_size` training images are held out, drawn with `split_seed`;
    training images are padded by `pad` pixels a side and randomly cropped back, mirrored with
    `flip`; `l2` times half the squares of the convolution kernels is added to the loss."""

    name: str = MISSING
    task: str = "images"
    protocol: ProtocolConfig = MISSING


@dataclass
class MnistConfig(ImagesConfig):
    name: str = "mnist"
    valid_size: int = 5000
    split_seed: int = 0
    pad: int = 0


@dataclass
class Cifar10Config(ImagesConfig):
    name: str = "cifar10"
    valid_size: int = 5000
    split_seed: int = 0
    pad: int = 2
    flip: bool = True
    l2: float = 0.0005


@dataclass
class OwnImagesConfig(ImagesConfig):
    """A user's own: path, the side `size` to which they are brought, the parts of `split` for
    training, validation and test where the layout does not name them, channels `scale`d or not."""

    name: str = "images"
    path: str = MISSING
    size: int | None = None
    split: list[float] = field(default_factory=lambda: [0.8, 0.1, 0.1])
    split_seed: int = 0
    pad: int = 0
    flip: bool = False
    scale: bool = True
    l2: float = 0.0


@dataclass
class CharactersConfig:
    """A text to predict, symbol by symbol, in windows of `window` steps; the validation text in
    `valid_streams` parallel streams during training. reset: of each stream, how likely its carried
    state begins anew at a window of training. baseline_order: n of the n-gram model beside which
    lite and demo put their rows."""

    name: str = MISSING
    task: str = "characters"
    window: int = 100
    valid_streams: int = 64
    reset: float = 0.0
    baseline_order: int = 5
    sizes: SizesConfig = MISSING
    protocol: ProtocolConfig = MISSING


@dataclass
class PtbConfig(CharactersConfig):
    """The Penn Treebank. form: characters or raw; symbols: outputs of the models."""

    name: str = "ptb"
    form: str = "characters"
    symbols: int = 50


@dataclass
class Enwik8Config(CharactersConfig):
    """enwik8. prefix: for data of the kind "prefix", how many of its first bytes."""

    name: str = "enwik8"
    window: int = 250
    prefix: int | None = None
    symbols: int = 205


@dataclass
class OwnTextConfig(CharactersConfig):
    """A user's own text, at `path`, in `form` characters or bytes, cut by `split`."""

    name: str = "text"
    path: str = MISSING
    form: str = "characters"
    split: list[float] = field(default_factory=lambda: [0.9, 0.05, 0.05])


@dataclass
class HandwritingConfig:
    """Lines of handwriting: those of iam or unipen (`name`) with `min_points` to `max_points`,
    `min_strokes`, and `min_characters` of known text. mixtures: Gaussians of the output; scaling:
    of dx and dy in training, by factors within 1 +- scaling; tuning: the validation lines are left
    out, and a tenth of the training lines' writers (unipen) or forms (iam) takes their place, for
    choices that the validation lines must not see.

    Of iam alone: gap, the seconds without a reading within a stroke from which on points are put
    between; jump, the length of a step from which on a point is an impossible one.
    Of unipen alone: divide, whether segments are divided into rows; dequantise, whether coordinates
    are spread within their unit; valid_share, of the writers, drawn with split_seed.
    """

    name: str = MISSING
    task: str = "handwriting"
    mixtures: int = 20
    min_points: int = 300
    max_points: int | None = None
    min_strokes: int = 1
    min_characters: int = 0
    scaling: float = 0.1
    tuning: bool = False
    gap: float | None = None
    jump: float | None = None
    divide: bool = False
    dequantise: bool = False
    valid_share: float = 0.1
    split_seed: int = 0
    sizes: SizesConfig = MISSING
    protocol: ProtocolConfig = MISSING


@dataclass
class TranslationConfig:
    """Sentence pairs to translate. Of the training text those are kept whose sides have
    `min_words` to `max_words`, at most `max_characters`, at most `ratio` times the other's words
    plus `slack`, and with `markup` those that begin with "<"; `excerpt` is the share of them by
    their hash. subwords: size of the shared subword model; tokens: of a batch, in place of
    trainer.batch_size; layers: of the encoder and of the decoder; dropout: of what a layer reads;
    init_range: of the uniform start, embedding_range of the embeddings' (null: the same); beam,
    alpha, beta: of the search."""

    name: str = MISSING
    task: str = "translation"
    subwords: int = MISSING
    tokens: int | None = None
    layers: int = 8
    dropout: float = 0.2
    init_range: float = 0.04
    embedding_range: float | None = None
    beam: int = 4
    alpha: float = 0.6
    beta: float = 0.2
    min_words: int = 3
    max_words: int = 50
    ratio: float = 2.0
    slack: int = 3
    max_characters: int = 1000
    markup: bool = False
    excerpt: float = 1.0
    sizes: SizesConfig = MISSING
    protocol: ProtocolConfig = MISSING


@dataclass
class Wmt14Config(TranslationConfig):
    """WMT'14, English to French: training `corpora` by name, `valid` of newstest2012 and 2013."""

    name: str = "wmt14"
    corpora: list[str] = MISSING
    valid: list[str] = MISSING


@dataclass
class ParallelTextConfig(TranslationConfig):
    """Any parallel text: files NAME.LANGUAGE of three `splits` and two `languages`, at `path`, or,
    which is the same run wherever data lie, in `folder` of data_dir."""

    name: str = "parallel_text"
    path: str | None = None
    folder: str | None = None
    languages: list[str] = MISSING
    splits: list[str] = MISSING


DATASETS: dict[str, Any] = {
    "mnist": MnistConfig,
    "cifar10": Cifar10Config,
    "ptb": PtbConfig,
    "enwik8": Enwik8Config,
    "text": OwnTextConfig,
    "images": OwnImagesConfig,
    "iam": HandwritingConfig,
    "unipen": HandwritingConfig,
    "wmt14": Wmt14Config,
    "parallel_text": ParallelTextConfig,
}
