"""Generated digits in MNIST's file format: printed digits, bent and blurred.

Shapes:
    N  images    G  glyphs (fonts x 10 digits)    R  side of a rendered glyph    S  28
"""

import struct
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from hypernetworks.data.generated import manifest

VERSION = 1  # of the generator: raised when it would draw other images
SIDE, RENDERED = 28, 56
# Of the fonts that matplotlib ships, those that draw all ten digits plainly.
FONTS = (
    *(f"DejaVuSans{s}" for s in ("", "-Bold", "-Oblique", "Mono", "Mono-Bold")),
    *(f"DejaVuSerif{s}" for s in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{s}" for s in ("", "Bol", "Italic")),
    *("cmb10", "cmr10", "cmss10", "cmtt10"),
)


def write(raw: Path, train: int = 6000, test: int = 1000, seed: int = 0) -> None:
    """Generates the four IDX files and their manifest, unless they are there already.

    Args:
        raw: the folder of the files, each of which is replaced at once.
        train: number of images.
        test: number of images, drawn from another random stream.
        seed: the same seed gives the same files (with one version of Pillow and torch).
    """
    wanted = {"generated": "digits, not MNIST", "version": VERSION, "seed": seed}
    wanted |= {"train": train, "test": test}
    if manifest.is_whole(raw, wanted):
        return
    with manifest.generating(raw, wanted) as part:
        glyphs = render_glyphs()
        for stream, (name, count) in enumerate((("train", train), ("t10k", test))):
            images, labels = draw(glyphs, count, seed=2 * seed + stream)
            _write_idx(part / f"{name}-images-idx3-ubyte", images)
            _write_idx(part / f"{name}-labels-idx1-ubyte", labels)


def render_glyphs() -> Tensor:
    """(fonts, 10, R, R): every digit in every font, centred, white (1.0) on black."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    glyphs = torch.zeros(len(FONTS), 10, RENDERED, RENDERED)
    for f, name in enumerate(FONTS):
        font = ImageFont.truetype(str(folder / f"{name}.ttf"), 54)
        for digit in range(10):
            picture = Image.new("L", (RENDERED, RENDERED))
            centre = (RENDERED / 2, RENDERED / 2)
            left, top, right, bottom = font.getbbox(str(digit), anchor="ls")
            corner = (centre[0] - (left + right) / 2, centre[1] - (top + bottom) / 2)
            ImageDraw.Draw(picture).text(corner, str(digit), 255, font, anchor="ls")
            pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
            glyphs[f, digit] = pixels.view(RENDERED, RENDERED) / 255
    return glyphs


def draw(glyphs: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draws distorted digits.

    Returns:
        images (N, 28, 28) uint8 and labels (N,) uint8, in random order.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(10, (count,), generator=generator)
    fonts = torch.randint(len(glyphs), (count,), generator=generator)
    grid = F.affine_grid(_affine(count, generator), [count, 1, SIDE, SIDE], align_corners=False)
    grid = grid + _elastic(count, generator)
    chosen = glyphs[fonts, labels].unsqueeze(1)
    images = F.grid_sample(chosen, grid, align_corners=False).squeeze(1)
    contrast = 0.5 + 0.5 * torch.rand(count, 1, 1, generator=generator)
    noise = 0.1 * torch.randn(images.shape, generator=generator)
    pixels = (images * contrast + noise).clamp(0, 1).mul(255).round().to(torch.uint8)
    return pixels, labels.to(torch.uint8)


def _affine(count: int, generator: torch.Generator) -> Tensor:
    """(N, 2, 3): random rotation, shear, scale and shift, as the inverse map that grids need."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    angle, shear = uniform(-0.2, 0.2), uniform(-0.2, 0.2)
    x_scale, y_scale = uniform(0.85, 1.15), uniform(0.85, 1.15)
    cos, sin = angle.cos(), angle.sin()
    first = torch.stack([cos * x_scale, (shear * cos - sin) * y_scale, uniform(-0.08, 0.08)], 1)
    second = torch.stack([sin * x_scale, (shear * sin + cos) * y_scale, uniform(-0.08, 0.08)], 1)
    return torch.stack([first, second], 1)


def _elastic(count: int, generator: torch.Generator) -> Tensor:
    """(N, S, S, 2): a smooth random displacement of each pixel (Simard et al., 2003)."""
    offsets = torch.arange(-7, 8.0)
    kernel = torch.exp(-offsets.square() / (2 * 3.0**2))
    kernel = kernel / kernel.sum()
    field = torch.rand(2 * count, 1, SIDE, SIDE, generator=generator) * 2 - 1
    field = F.conv2d(field, kernel.view(1, 1, 1, -1), padding=(0, 7))
    field = F.conv2d(field, kernel.view(1, 1, -1, 1), padding=(7, 0))
    return 1.0 * field.view(count, 2, SIDE, SIDE).permute(0, 2, 3, 1)


def _write_idx(path: Path, values: Tensor) -> None:
    """Writes unsigned bytes in the IDX format: magic number, big-endian sizes, the values."""
    sizes = struct.pack(f">{values.dim()}I", *values.shape)
    path.write_bytes(struct.pack(">HBB", 0, 8, values.dim()) + sizes + values.numpy().tobytes())
