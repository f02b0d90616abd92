"""The residual networks of table 2 (section 4.2, appendix A.3.2), for images of any shape.

Shapes:
    B       batch    k   widening factor
    images  (B, channels, height, width); (B, 3, 32, 32) in the paper
    logits  (B, classes)
"""

import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.models.image_shape import CIFAR10, CIFAR10_CLASSES, ImageShape, check_images
from hypernetworks.static.hyperize import Hyperized, hyperize

WIDTHS, STRIDES = (16, 32, 64), (1, 2, 2)


class Block(nn.Module):
    """Two 3 x 3 convolutions, each after batch norm and ReLU, beside a shortcut.

    Where the shape changes, the shortcut is a 1 x 1 projection of the first ReLU's output.
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(n_in)
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        same = n_in == n_out and stride == 1
        self.projection = None if same else nn.Conv2d(n_in, n_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(x))
        shortcut = x if self.projection is None else self.projection(y)
        return shortcut + self.conv2(F.relu(self.norm2(self.conv1(y))))


class WideResNet(nn.Module):
    """WRN-depth-k, pre-activation (Zagoruyko and Komodakis, 2016), without dropout.

    Args:
        depth: 6 n + 4 layers, n blocks in each of the three groups.
        widen: k; the groups have 16 k, 32 k and 64 k channels.
        image_shape: channels, height, width; only the channels make a difference to the weights.
        classes: logits of an image.

    Initialisation: He normal over fan-out for convolutions, zero for the classifier's bias.
    """

    def __init__(
        self,
        depth: int = 40,
        widen: int = 1,
        *,
        image_shape: ImageShape = CIFAR10,
        classes: int = CIFAR10_CLASSES,
    ) -> None:
        super().__init__()
        channels, _, _ = check_images(image_shape, classes)
        if (depth - 4) % 6 or depth < 10:
            raise ValueError(f"depth={depth}: it must be 6 n + 4, such as 40")
        if widen < 1:
            raise ValueError(f"widen={widen}: it must be at least 1")
        n_in = WIDTHS[0]
        self.conv1 = nn.Conv2d(channels, n_in, 3, padding=1, bias=False)
        self.groups = nn.ModuleList()
        for width, stride in zip(WIDTHS, STRIDES, strict=True):
            blocks = []
            for number in range((depth - 4) // 6):
                blocks.append(Block(n_in, width * widen, 1 if number else stride))
                n_in = width * widen
            self.groups.append(nn.Sequential(*blocks))
        self.norm = nn.BatchNorm2d(n_in)
        self.classifier = nn.Linear(n_in, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.classifier.bias)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv1(images)
        for group in self.groups:
            x = group(x)
        return self.classifier(F.relu(self.norm(x)).mean((2, 3)))

    def arrays(self) -> dict[str, Tensor]:
        """What figures 12 and 13 show: the last kernel of the first, of the second group."""
        found = {}
        for number in (1, 2):
            blocks = [m for m in self.groups[number - 1].modules() if isinstance(m, Block)]
            found[f"group{number}_kernel"] = blocks[-1].conv2.weight.detach()
        return found


def hyper_wide_resnet(
    depth: int = 40,
    widen: int = 1,
    embedding_size: int = 64,
    *,
    image_shape: ImageShape = CIFAR10,
    classes: int = CIFAR10_CLASSES,
) -> Hyperized:
    """WRN-depth-k whose 3 x 3 convolutions in the three groups have generated kernels.

    Args:
        depth: of WideResNet.
        widen: of WideResNet.
        embedding_size: N_z of the generator of those kernels.
        image_shape: of WideResNet.
        classes: of WideResNet.

    Initialisation: those kernels He normal over fan-in (see `KernelBank`), the rest as above.
    """

    def select(name: str, conv: nn.Conv2d) -> bool:
        return name.startswith("groups.") and conv.kernel_size == (3, 3)

    plain = WideResNet(depth, widen, image_shape=image_shape, classes=classes)
    return hyperize(plain, (16, 16), embedding_size, select)
