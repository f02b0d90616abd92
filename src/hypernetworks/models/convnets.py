"""The two MNIST convnets of table 7 (section 4.1, appendix A.3.1), for images of any shape.

Shapes:
    B       batch
    images  (B, channels, height, width), values in [0, 1]; (B, 1, 28, 28) in the paper
    logits  (B, classes)
"""

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.models.image_shape import MNIST, MNIST_CLASSES, ImageShape, check_images
from hypernetworks.static.generator import KernelGenerator, TiledKernel

CHANNELS, KERNEL_SIZE = 16, 7
POOLED = 2  # either pooling halves height and width, rounded down
SMALLEST = POOLED * POOLED  # pixels a side that leave something to classify


class _Convnet(nn.Module, ABC):
    """What both rows share: conv 7x7, ReLU, pool, conv 7x7, ReLU, pool, linear.

    Raises:
        ValueError: images smaller than 4 x 4, of which two poolings leave nothing.

    Initialisation: He normal for kernels, zero for their biases, torch's default for the linear
    layer.
    """

    def __init__(self, image_shape: ImageShape, classes: int) -> None:
        super().__init__()
        channels, height, width = check_images(image_shape, classes, SMALLEST)
        self.conv1 = nn.Conv2d(channels, CHANNELS, KERNEL_SIZE, padding="same")
        self.bias2 = nn.Parameter(torch.zeros(CHANNELS))
        left = (height // SMALLEST) * (width // SMALLEST)
        self.classifier = nn.Linear(left * CHANNELS, classes)
        nn.init.kaiming_normal_(self.conv1.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv1.bias)  # type: ignore[arg-type]

    @abstractmethod
    def kernel2(self) -> Tensor:
        """The second kernel (16, 16, 7, 7): 12,544 weights."""

    def forward(self, images: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(images)), POOLED)
        x = F.conv2d(x, self.kernel2(), self.bias2, padding="same")
        x = F.max_pool2d(F.relu(x), POOLED)
        return self.classifier(x.flatten(1))

    def arrays(self) -> dict[str, Tensor]:
        """What figure 2 shows: the second kernel (16, 16, 7, 7), output channels first."""
        return {"second_kernel": self.kernel2().detach()}


class MnistConvnet(_Convnet):
    """Row "Normal Convnet": the second kernel is an ordinary parameter of 12,544 weights.

    Args:
        image_shape: channels, height, width; at least 4 x 4.
        classes: logits of an image.
    """

    def __init__(self, *, image_shape: ImageShape = MNIST, classes: int = MNIST_CLASSES) -> None:
        super().__init__(image_shape, classes)
        self.weight2 = nn.Parameter(torch.empty(CHANNELS, CHANNELS, KERNEL_SIZE, KERNEL_SIZE))
        nn.init.kaiming_normal_(self.weight2, nonlinearity="relu")

    def kernel2(self) -> Tensor:
        return self.weight2

    def counted_parts(self) -> dict[str, list[nn.Parameter]]:
        """The parts whose parameter counts the paper states."""
        return {"second_kernel": [self.weight2]}


class HyperMnistConvnet(_Convnet):
    """Row "Hyper Convnet": the second kernel is generated from one embedding (eq. 2).

    Args:
        embedding_size: N_z; 4 in the paper, which makes 4,240 + 4 parameters.
        hidden_size: d; None for d = N_z as in the paper.
        image_shape: channels, height, width; at least 4 x 4.
        classes: logits of an image.
    """

    def __init__(
        self,
        embedding_size: int = 4,
        hidden_size: int | None = None,
        *,
        image_shape: ImageShape = MNIST,
        classes: int = MNIST_CLASSES,
    ) -> None:
        super().__init__(image_shape, classes)
        self.generator = KernelGenerator(
            CHANNELS, CHANNELS, KERNEL_SIZE, embedding_size, hidden_size
        )
        self.layer2 = TiledKernel(self.generator, CHANNELS, CHANNELS)

    def kernel2(self) -> Tensor:
        return self.layer2(self.generator)

    def counted_parts(self) -> dict[str, list[nn.Parameter]]:
        """The parts whose parameter counts the paper states."""
        return {"second_kernel": [*self.generator.parameters(), *self.layer2.parameters()]}
