"""The two ways in which the fused form does its pointwise steps: torch operations, or C++."""

import pytest

from hypernetworks.recurrent.fused import native


@pytest.fixture
def torch_steps(monkeypatch):
    monkeypatch.setattr(native, "loaded", lambda: None)
    monkeypatch.setattr(native, "_worth_it", lambda work: None)


@pytest.fixture
def native_steps():
    if native.load() is None:
        pytest.skip("no C++ compiler: the compiled steps are not tested")


@pytest.fixture(params=["torch", "native"])
def steps(request):
    return request.getfixturevalue(f"{request.param}_steps")
