"""What an image network takes of its data: the shape of an image and the number of classes."""

ImageShape = tuple[int, int, int]  # channels, height, width

MNIST: ImageShape = (1, 28, 28)
CIFAR10: ImageShape = (3, 32, 32)
MNIST_CLASSES = CIFAR10_CLASSES = 10


def check_images(image_shape: ImageShape, classes: int, smallest: int = 1) -> ImageShape:
    """The shape, refused if a network cannot read it.

    Args:
        smallest: the least height and width, in pixels.
    Raises:
        ValueError: naming the shape or the number that cannot work.
    """
    if len(image_shape) != 3 or image_shape[0] < 1:
        raise ValueError(
            f"image_shape={tuple(image_shape)}: channels, height and width of an image"
        )
    if min(image_shape[1:]) < smallest:
        shown, least = tuple(image_shape), f"{smallest} x {smallest}"
        raise ValueError(f"image_shape={shown}: this network reads images of at least {least}")
    if classes < 1:
        raise ValueError(f"classes={classes}: it must be at least 1")
    channels, height, width = image_shape
    return channels, height, width
