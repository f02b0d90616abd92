"""What a configuration may hold: the dataclasses that every composed configuration is checked
against. Imports no torch."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from hypernetworks.training.settings import TrainerSettings


@dataclass
class MnistConvnetConfig:
    """Section 4.1: the plain convnet."""

    _target_: str = "hypernetworks.MnistConvnet"


@dataclass
class HyperMnistConvnetConfig:
    """Section 4.1: the convnet whose second kernel is generated."""

    _target_: str = "hypernetworks.HyperMnistConvnet"
    embedding_size: int = 4
    hidden_size: int | None = None


@dataclass
class MLPConfig:
    """Appendix A.1: the plain 784-256-10 network."""

    _target_: str = "hypernetworks.MLP"


@dataclass
class CoordinateMLPConfig:
    """Appendix A.1: the network whose hidden weights are generated from coordinates."""

    _target_: str = "hypernetworks.CoordinateMLP"
    hidden_size: int = 25


@dataclass
class WideResNetConfig:
    """Section 4.2: WRN-depth-k, k = widen."""

    _target_: str = "hypernetworks.static.wide_resnet.WideResNet"
    depth: int = 40
    widen: int = 1


@dataclass
class HyperWideResNetConfig:
    """Section 4.2: WRN-depth-k whose groups' kernels are generated."""

    _target_: str = "hypernetworks.static.wide_resnet.hyper_wide_resnet"
    depth: int = 40
    widen: int = 1
    embedding_size: int = 64


@dataclass
class CharLSTMConfig:
    """Tables 3 and 4: LSTM, layer-norm LSTM. `scale` is that of the units and the dropout
    rates, for lite and demo."""

    _target_: str = "hypernetworks.recurrent.character_model.lstm"
    symbols: int = MISSING
    hidden_size: int = 1000
    num_layers: int = 1
    layer_norm: bool = False
    recurrent_dropout: float = 0.0
    input_dropout: float = 0.0
    output_dropout: float = 0.0
    scale: float = 1.0


@dataclass
class CharHyperLSTMConfig:
    """Tables 3 and 4: HyperLSTM, with or without layer norm."""

    _target_: str = "hypernetworks.recurrent.character_model.hyper_lstm"
    symbols: int = MISSING
    hidden_size: int = 1000
    hyper_size: int = 128
    embedding_size: int = 4
    num_layers: int = 1
    layer_norm: bool = False
    recurrent_dropout: float = 0.0
    hyper_recurrent_dropout: float = 0.0
    input_dropout: float = 0.0
    output_dropout: float = 0.0
    scale: float = 1.0


@dataclass
class MnistConfig:
    """MNIST: `valid_size` training images are held out, drawn with `split_seed`; training images
    are padded by `pad` pixels a side and randomly cropped back."""

    name: str = "mnist"
    valid_size: int = 5000
    split_seed: int = 0
    pad: int = 0


@dataclass
class Cifar10Config:
    """CIFAR-10: as for MNIST, and images mirrored with `flip`; `l2` times half the squares of the
    convolution kernels is added to the loss."""

    name: str = "cifar10"
    valid_size: int = 5000
    split_seed: int = 0
    pad: int = 2
    flip: bool = True
    l2: float = 0.0005


@dataclass
class PtbConfig:
    """The Penn Treebank as characters: windows of `window` steps, the validation text in
    `valid_streams` parallel streams during training. form: characters or raw. baseline_order: n of
    the n-gram model beside which lite and demo put their rows."""

    name: str = "ptb"
    form: str = "characters"
    window: int = 100
    valid_streams: int = 64
    baseline_order: int = 5


@dataclass
class Enwik8Config:
    """enwik8 as bytes. prefix: for data of the kind "prefix", how many of its first bytes; the rest
    as for PtbConfig."""

    name: str = "enwik8"
    prefix: int | None = None
    window: int = 250
    valid_streams: int = 64
    baseline_order: int = 5


@dataclass
class ProfileConfig:
    """Which data a run uses (real, prefix or sample), and whether it fits a simple baseline too."""

    name: str = MISSING
    data: str = MISSING
    baseline: bool = False


@dataclass
class LoggerConfig:
    """Where a run is mirrored. mode: auto (online if logged in, else offline), online, offline."""

    name: str = MISSING
    project: str = "hypernetworks"
    entity: str | None = None
    mode: str = "auto"


@dataclass
class Config:
    """One run. `table` and `row` name its record; `paper` is what the paper reports for the row."""

    table: str = "custom"
    row: str = "custom"
    paper: dict[str, Any] = field(default_factory=dict)
    model: Any = MISSING
    dataset: Any = MISSING
    trainer: TrainerSettings = MISSING
    profile: ProfileConfig = MISSING
    logger: LoggerConfig = MISSING
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    data_dir: str = MISSING
    results_dir: str = MISSING
    force: bool = False
    quiet: bool = False


MODELS = {
    "mnist_convnet": MnistConvnetConfig,
    "hyper_mnist_convnet": HyperMnistConvnetConfig,
    "mlp": MLPConfig,
    "coordinate_mlp": CoordinateMLPConfig,
    "wide_resnet": WideResNetConfig,
    "hyper_wide_resnet": HyperWideResNetConfig,
    "char_lstm": CharLSTMConfig,
    "char_hyper_lstm": CharHyperLSTMConfig,
}
DATASETS: dict[str, Any] = {
    "mnist": MnistConfig,
    "cifar10": Cifar10Config,
    "ptb": PtbConfig,
    "enwik8": Enwik8Config,
}


def store_schemas() -> None:
    """Registers the dataclasses, for the files of conf/ to build on."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Config)
    for group, schemas in (("model", MODELS), ("dataset", DATASETS)):
        for name, schema in schemas.items():
            store.store(group=f"schema/{group}", name=name, node=schema)
