"""bfloat16 on processors with units for it and without, by pretending either."""

import pytest
import torch

from hypernetworks import torch_private
from hypernetworks.training import precision
from hypernetworks.training.devices import Placement
from hypernetworks.training.precision import computed_in, has_bfloat16_units

CPU = torch.device("cpu")
PROCESSORS = {
    "laptop": ({"avx2": True, "fma3": True, "avx512_bf16": False, "amx_bf16": False}, False),
    "older server": ({"avx512_f": True, "avx512_vnni": True}, False),
    "avx512": ({"avx512_f": True, "avx512_bf16": True, "amx_bf16": False}, True),
    "amx": ({"avx512_bf16": True, "amx_bf16": True}, True),
    "arm": ({"neon": True, "sve_bf16": True}, True),
    "unknown": ({}, False),
}


@pytest.mark.parametrize(("features", "has"), PROCESSORS.values(), ids=PROCESSORS)
def test_what_a_processor_computes_in(features, has, monkeypatch):
    monkeypatch.setattr(precision, "processor_features", lambda: features)
    assert has_bfloat16_units(CPU) is has
    assert computed_in("bfloat16", CPU) == ("bfloat16" if has else "float32")
    assert computed_in("float32", CPU) == "float32"
    a = torch.randn(4, 4)
    with Placement(CPU).autocast("bfloat16"):
        product = a @ a
    assert product.dtype == (torch.bfloat16 if has else torch.float32)
    with Placement(CPU).autocast("float32"):
        assert (a @ a).dtype == torch.float32


@pytest.mark.parametrize("has", [True, False])
def test_a_gpus_own_units_are_asked_for(has, monkeypatch):
    def supported(including_emulation=True):
        return has or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert computed_in("bfloat16", torch.device("cuda")) == ("bfloat16" if has else "float32")


def test_an_older_torch_tells_of_avx512_alone(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", None, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert has_bfloat16_units(CPU)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", None, raising=False)
    assert torch_private.processor_features() == {}
