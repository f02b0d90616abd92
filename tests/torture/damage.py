"""Files damaged at random."""

from pathlib import Path
from random import Random


def damage(path: Path, draw: Random) -> str:
    """Damages a file; what was done, in words."""
    content = bytearray(path.read_bytes())
    if not content:
        content = bytearray(1)
    at = draw.randrange(len(content))
    kind = draw.choice(("bit",) * 6 + ("bits", "cut", "zeros", "more", "other"))
    if kind == "bit":
        content[at] ^= 1 << draw.randrange(8)
    elif kind == "bits":
        for place in draw.choices(range(len(content)), k=20):
            content[place] ^= 1 << draw.randrange(8)
    elif kind == "cut":
        del content[at:]
    elif kind == "zeros":
        content[at : at + 512] = bytes(len(content[at : at + 512]))
    elif kind == "more":
        content[at:at] = draw.randbytes(draw.randrange(1, 200))
    else:
        content[:] = draw.choice((b"", b"[]", b"{}", b"[" * 100_000, draw.randbytes(300)))
    path.write_bytes(content)
    return f"{path.name}: {kind} at {at}"
