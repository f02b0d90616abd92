"""Splits and batches, held to slices taken by hand."""

import hashlib
import struct

import pytest
import torch

from hypernetworks.data.errors import DataError
from hypernetworks.data.images import (
    ImageBatches,
    Images,
    channel_moments,
    drawn_parts,
    split_train_valid,
)


def numbered(count=23, channels=2, height=6, width=5):
    """Random images whose label is their number."""
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, height, width)
    images = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
    return Images(images, torch.arange(count))


def test_split_is_a_seeded_partition():
    data = numbered()
    train, valid, checksum = split_train_valid(data, 7, seed=3)
    assert (len(train), len(valid)) == (16, 7)
    assert sorted([*train.labels.tolist(), *valid.labels.tolist()]) == list(range(23))
    assert torch.equal(valid.images, data.images[valid.labels])
    packed = struct.pack("<7q", *valid.labels.tolist())
    assert checksum == hashlib.sha256(packed).hexdigest()
    assert split_train_valid(data, 7, seed=3)[2] == checksum
    assert split_train_valid(data, 7, seed=4)[2] != checksum


def test_drawn_parts_are_disjoint_and_sorted():
    parts = [part.tolist() for part in drawn_parts(23, (7, 5, 11), seed=3)]
    assert [len(part) for part in parts] == [7, 5, 11]
    assert sorted(n for part in parts for n in part) == list(range(23))
    assert parts == [sorted(part) for part in parts]
    assert parts[0] == split_train_valid(numbered(), 7, seed=3)[1].labels.tolist()


@pytest.mark.parametrize("size", [0, -1, 23, 99])
def test_split_that_leaves_nothing_is_refused(size):
    with pytest.raises(DataError, match="choose 1 to 22"):
        split_train_valid(numbered(), size, seed=0)


def test_an_epoch_shows_every_image_once_as_it_is():
    data = numbered()
    batches = ImageBatches(data, 5)
    assert len(batches) == 5
    seen = list(batches.epoch(0))
    assert [len(labels) for _, labels in seen] == [5, 5, 5, 5, 3]
    labels = torch.cat([labels for _, labels in seen])
    assert sorted(labels.tolist()) == list(range(23))
    images = torch.cat([images for images, _ in seen])
    assert images.dtype == torch.float32
    assert torch.equal(images, data.images[labels].float() / 255)
    assert seen[0][0].is_contiguous(memory_format=torch.channels_last)


def test_without_shuffling_the_order_is_the_datas():
    batches = ImageBatches(numbered(), 5, shuffle=False)
    assert torch.cat([labels for _, labels in batches.epoch(4)]).tolist() == list(range(23))


@pytest.mark.parametrize("pad", [1, 2])
def test_crops_are_windows_of_the_padded_image(pad):
    """Each training image is one of the (2 pad + 1)^2 windows, and all of them occur."""
    data = numbered(height=5, width=5)
    batches, windows = ImageBatches(data, 8, pad=pad), set()
    for epoch in range(60):
        for images, labels in batches.epoch(epoch):
            for image, number in zip(images, labels.tolist(), strict=True):
                padded = torch.zeros(2, 5 + 2 * pad, 5 + 2 * pad)
                padded[:, pad:-pad, pad:-pad] = data.images[number].float() / 255
                found = [
                    (top, left)
                    for top in range(2 * pad + 1)
                    for left in range(2 * pad + 1)
                    if torch.equal(image, padded[:, top : top + 5, left : left + 5])
                ]
                assert len(found) == 1
                windows.update(found)
    assert len(windows) == (2 * pad + 1) ** 2


def test_batches_are_a_pure_function_of_seed_epoch_and_position():
    def batches(seed=0, epoch=0, start=0):
        return list(ImageBatches(numbered(), 5, seed=seed, pad=1).epoch(epoch, start))

    whole = batches(epoch=3)
    for start in range(5):
        torch.testing.assert_close(batches(epoch=3, start=start), whole[start:], rtol=0, atol=0)
    orders = {
        tuple(torch.cat([labels for _, labels in found]).tolist())
        for found in (whole, batches(epoch=4), batches(seed=1, epoch=3), batches(seed=3, epoch=0))
    }
    assert len(orders) == 4


def test_shards_together_are_the_whole_batch():
    data = numbered(21)  # the last batch has 3 examples, one a shard
    whole = list(ImageBatches(data, 6, pad=1).epoch(2))
    shards = [list(ImageBatches(data, 6, pad=1, shard=(r, 3)).epoch(2)) for r in range(3)]
    for index, (images, labels) in enumerate(whole):
        parts = [shard[index] for shard in shards]
        assert torch.equal(torch.cat([part[0] for part in parts]), images)
        assert torch.equal(torch.cat([part[1] for part in parts]), labels)


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(DataError, match="batch_size=5 does not divide over 2 processes"):
        ImageBatches(numbered(), 5, shard=(0, 2))


def test_a_last_batch_that_does_not_divide_is_refused():
    """Its shards would weigh differently in the mean, or be empty."""
    with pytest.raises(DataError, match="the last of the batches of 4 has 1 examples"):
        ImageBatches(numbered(9), 4, shard=(1, 2))


def test_a_negative_pad_is_refused():
    with pytest.raises(DataError, match=r"dataset\.pad=-1"):
        ImageBatches(numbered(), 4, pad=-1)


def test_half_of_the_images_are_mirrored():
    data = numbered(count=400)
    images, labels = next(ImageBatches(data, 400, flip=True).epoch(0))
    plain = data.images[labels].float() / 255
    mirrored = (images == plain.flip(3)).flatten(1).all(1)
    assert ((images == plain).flatten(1).all(1) | mirrored).all()
    assert 150 < int(mirrored.sum()) < 250
    again, _ = next(ImageBatches(data, 400, flip=True).epoch(1))
    assert not torch.equal(images, again)
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_flips_leave_the_crops_as_they_were():
    data = numbered()
    (plain, labels), (flipped, same) = (
        next(ImageBatches(data, 23, pad=2, flip=flip).epoch(0)) for flip in (False, True)
    )
    assert torch.equal(labels, same)
    unchanged = (plain == flipped).flatten(1).all(1)
    assert (unchanged | (plain == flipped.flip(3)).flatten(1).all(1)).all()
    assert 0 < int(unchanged.sum()) < 23


def test_channels_are_scaled():
    data = numbered()
    mean, deviation = torch.tensor([0.5, 0.25]), torch.tensor([0.1, 2.0])
    images, labels = next(ImageBatches(data, 23, scale=(mean, deviation)).epoch(0))
    expected = (data.images[labels].float() / 255 - mean.view(1, 2, 1, 1)) / deviation.view(
        1, 2, 1, 1
    )
    torch.testing.assert_close(images, expected)


def test_channel_moments_are_torchs():
    data = numbered()
    mean, deviation = channel_moments(data)
    pixels = data.images.double() / 255
    torch.testing.assert_close(mean, pixels.mean((0, 2, 3)).float())
    torch.testing.assert_close(deviation, pixels.std((0, 2, 3), correction=0).float())


def test_a_channel_of_one_value_is_scaled_to_nothing():
    pixels = torch.full((4, 2, 3, 3), 50, dtype=torch.uint8)
    pixels[:2, 0] = 90
    moments = channel_moments(Images(pixels, torch.zeros(4, dtype=torch.int64)))
    batches = ImageBatches(Images(pixels, torch.arange(4)), 4, scale=moments)
    (found, _) = next(batches.epoch(0))
    assert found.isfinite().all()
    assert found[:, 1].abs().max() < 1e-6
