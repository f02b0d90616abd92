"""The architectures that `model=` names: their settings, and the tasks that they go with.

Imports no torch; `models.registry` builds them.
"""

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING


@dataclass
class CnnConfig:
    """Section 4.1: the plain convnet."""

    name: str = "cnn"


@dataclass
class HyperCnnConfig:
    """Section 4.1: the convnet whose second kernel is generated."""

    name: str = "hyper_cnn"
    embedding_size: int = 4
    hidden_size: int | None = None


@dataclass
class MlpConfig:
    """Appendix A.1: the plain 784-256-10 network."""

    name: str = "mlp"


@dataclass
class CoordinateMlpConfig:
    """Appendix A.1: the network whose hidden weights are generated from coordinates."""

    name: str = "coordinate_mlp"
    hidden_size: int = 25


@dataclass
class ResnetConfig:
    """Section 4.2: WRN-depth-k, k = widen."""

    name: str = "resnet"
    depth: int = 40
    widen: int = 1


@dataclass
class HyperResnetConfig:
    """Section 4.2: WRN-depth-k whose groups' kernels are generated."""

    name: str = "hyper_resnet"
    depth: int = 40
    widen: int = 1
    embedding_size: int = 64


@dataclass
class LstmConfig:
    """Tables 3 to 6: recurrent layers; dropout of input and output as the task has them."""

    name: str = "lstm"
    hidden_size: int = MISSING
    num_layers: int = 1
    recurrent_dropout: float = 0.0
    input_dropout: float = 0.0
    output_dropout: float = 0.0


@dataclass
class LayerNormLstmConfig(LstmConfig):
    name: str = "layernorm_lstm"


@dataclass
class HyperLstmConfig(LstmConfig):
    name: str = "hyperlstm"
    hyper_size: int = MISSING
    embedding_size: int = MISSING
    hyper_recurrent_dropout: float = 0.0


@dataclass
class LayerNormHyperLstmConfig(HyperLstmConfig):
    name: str = "layernorm_hyperlstm"


@dataclass
class HyperRnnConfig:
    """Section 3.2, eq. 4 to 8; full: weights generated whole (eq. 5)."""

    name: str = "hyperrnn"
    hidden_size: int = MISSING
    hyper_size: int = MISSING
    embedding_size: int = MISSING
    num_layers: int = 1
    full: bool = False
    input_dropout: float = 0.0
    output_dropout: float = 0.0


@dataclass(frozen=True)
class Architecture:
    """settings: the dataclass of its configuration; tasks: those of the data sets that it takes."""

    settings: Any
    tasks: tuple[str, ...]


IMAGES, SEQUENCES = ("images",), ("characters", "handwriting", "translation")
MODELS = {
    "cnn": Architecture(CnnConfig, IMAGES),
    "hyper_cnn": Architecture(HyperCnnConfig, IMAGES),
    "mlp": Architecture(MlpConfig, IMAGES),
    "coordinate_mlp": Architecture(CoordinateMlpConfig, IMAGES),
    "resnet": Architecture(ResnetConfig, IMAGES),
    "hyper_resnet": Architecture(HyperResnetConfig, IMAGES),
    "lstm": Architecture(LstmConfig, SEQUENCES),
    "layernorm_lstm": Architecture(LayerNormLstmConfig, SEQUENCES),
    "hyperlstm": Architecture(HyperLstmConfig, SEQUENCES),
    "layernorm_hyperlstm": Architecture(LayerNormHyperLstmConfig, SEQUENCES),
    "hyperrnn": Architecture(HyperRnnConfig, SEQUENCES),
}


def taking(task: str) -> list[str]:
    """The architectures that go with a task."""
    return [name for name, model in MODELS.items() if task in model.tasks]
