"""Image sets in memory, and their batches as a pure function of (seed, epoch, position).

Shapes:
    N  examples of a split    B  examples of a batch    C, H, W  channels, height, width
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from hypernetworks.data.errors import DataError


@dataclass(frozen=True)
class Images:
    """images (N, C, H, W) uint8 and labels (N,) int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Tensor) -> "Images":
        return Images(self.images[chosen], self.labels[chosen])


@dataclass(frozen=True)
class ImageSplits:
    """A data set's three splits, what its record says of them, how many classes there are."""

    train: Images
    valid: Images
    test: Images
    provenance: dict[str, object]
    classes: int = 10

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width


def split_train_valid(images: Images, valid_size: int, seed: int) -> tuple[Images, Images, str]:
    """Draws the validation examples at random.

    Returns:
        train, valid (both in the data's order), and the sha256 of the validation indices.
    Raises:
        DataError: if valid_size leaves one of the two empty.
    """
    if not 0 < valid_size < len(images):
        raise DataError(f"dataset.valid_size={valid_size}: choose 1 to {len(images) - 1}")
    valid, train = drawn_parts(len(images), (valid_size, len(images) - valid_size), seed)
    return images[train], images[valid], indices_checksum(valid)


def drawn_parts(count: int, sizes: Sequence[int], seed: int) -> list[Tensor]:
    """Disjoint random parts, of these sizes, of the indices 0 .. count - 1, each sorted."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return [part.sort().values for part in order.split(list(sizes))]


def indices_checksum(indices: Tensor) -> str:
    """The sha256 of indices as little-endian 64-bit integers."""
    return hashlib.sha256(indices.numpy().astype("<i8").tobytes()).hexdigest()


def channel_moments(data: Images) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (C,) of each channel over all pixels, of values in [0, 1].

    A channel of one value has the deviation 1: scaled it is 0.
    """
    # Of counts of the 256 values: exact, and no copy of the images as floats.
    values = torch.arange(256, dtype=torch.float64) / 255
    channels = data.images.transpose(0, 1).flatten(1)
    share = torch.stack([channel.bincount(minlength=256) for channel in channels]).double()
    share /= share.sum(1, keepdim=True)
    mean = share @ values
    deviation = (share @ values.square() - mean.square()).sqrt()
    return mean.float(), torch.where(deviation > 1e-6, deviation, 1.0).float()


def scaled(images: Tensor, scale: tuple[Tensor, Tensor] | None) -> Tensor:
    """Images (B, C, H, W), uint8, as models read them: float32 in [0, 1], channels-last; with a
    scale less the mean of each channel (C,), over its deviation."""
    found = images.float().div_(255)
    if scale:
        mean, deviation = (part.to(found.device).view(1, -1, 1, 1) for part in scale)
        found.sub_(mean).div_(deviation)
    return found.contiguous(memory_format=torch.channels_last)


class ImageBatches:
    """The batches of a split, held in memory on the device.

    Args:
        data: the split.
        batch_size: examples a batch, over all shards; the last batch of an epoch may be smaller.
        seed: of shuffling and cropping.
        pad: zero pixels added on each side before a random crop back to H x W; 0 for no crop.
        shuffle: whether each epoch has an order of its own.
        flip: whether each image is mirrored, left to right, half of the time.
        scale: (mean, standard deviation) of each channel, (C,), to subtract and divide by.
        device: where images and labels lie.
        shard: (rank, world): this process's part of each batch. Everything random is drawn for
            the whole batch first, so the shards together are the batch of a single process.
    """

    def __init__(
        self,
        data: Images,
        batch_size: int,
        seed: int = 0,
        pad: int = 0,
        shuffle: bool = True,
        flip: bool = False,
        scale: tuple[Tensor, Tensor] | None = None,
        device: torch.device | str = "cpu",
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        if batch_size % shard[1]:
            raise DataError(
                f"trainer.batch_size={batch_size} does not divide over {shard[1]} processes"
            )
        if len(data) % batch_size % shard[1]:
            raise DataError(
                f"the last of the batches of {batch_size} has {len(data) % batch_size} examples, "
                f"which do not divide over {shard[1]} processes; choose another trainer.batch_size"
            )
        side = min(data.images.shape[-2:])
        if not 0 <= pad <= side:
            raise DataError(f"dataset.pad={pad}: choose 0 to {side}, the images' side")
        self.batch_size = batch_size
        self.seed = seed
        self.pad = pad
        self.shuffle = shuffle
        self.flip = flip
        self.scale = scale and (scale[0].to(device), scale[1].to(device))
        self.shard = shard
        self.labels = data.labels.to(device)
        padded = F.pad(data.images, (pad,) * 4).to(device)
        height, width = data.images.shape[-2:]
        # A view, (N, C, 2 pad + 1, 2 pad + 1, H, W): every crop of every image, nothing copied.
        self.crops = padded.unfold(2, height, 1).unfold(3, width, 1)

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields the epoch's batches from number `start` on.

        Yields:
            images (B, C, H, W), float32 in [0, 1] before `scale`, channels-last; labels (B,).
        """
        order = torch.arange(len(self.labels))
        if self.shuffle:
            order = torch.randperm(len(order), generator=self._generator(epoch))
        for index in range(start, len(self)):
            whole = order[index * self.batch_size : (index + 1) * self.batch_size]
            drawn = self._draw(len(whole), epoch, index)
            yield self._batch(*(self._my_part(t) for t in (whole, drawn)))

    def _draw(self, count: int, epoch: int, index: int) -> Tensor:
        """(count, 3): the top and left edge of each crop, 0 .. 2 pad; 1 for a mirrored image."""
        drawn = torch.zeros(count, 3, dtype=torch.int64)
        generator = self._generator(epoch, index) if self.pad or self.flip else None
        if self.pad:
            drawn[:, :2] = torch.randint(2 * self.pad + 1, (count, 2), generator=generator)
        if self.flip:
            drawn[:, 2] = torch.randint(2, (count,), generator=generator)
        return drawn

    def _my_part(self, whole: Tensor) -> Tensor:
        rank, world = self.shard
        return whole.tensor_split(world)[rank]

    def _batch(self, chosen: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
        device = self.labels.device
        chosen = chosen.to(device, non_blocking=True)
        top, left, mirrored = drawn.to(device, non_blocking=True).unbind(1)
        images = self.crops[chosen, :, top, left]
        if self.flip:
            images = torch.where(mirrored.view(-1, 1, 1, 1) > 0, images.flip(3), images)
        return scaled(images, self.scale), self.labels[chosen]

    def _generator(self, *position: int) -> torch.Generator:
        # SeedSequence keeps neighbouring (seed, epoch, index) from giving related streams; only
        # an epoch's shuffle and its batch 0 share one, since trailing zeros do not count. On the
        # CPU, so that every device sees the same batches.
        state = np.random.SeedSequence([self.seed, *position]).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0] >> 1))
