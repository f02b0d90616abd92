"""What products are computed in: bfloat16 where the device has units for it, else float32.

Without such units torch falls back to scalar code, which takes many times float32's time. float32
products of float32 operands round less; a row is the same either way, and its record says which
it was.
"""

import torch

from hypernetworks.torch_private import processor_features


def computed_in(precision: str, device: torch.device) -> str:
    """ "float32" or "bfloat16", for a `precision` that was asked for."""
    return precision if precision != "bfloat16" or has_bfloat16_units(device) else "float32"


def has_bfloat16_units(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return any(name.endswith("bf16") and has for name, has in processor_features().items())
    return True
