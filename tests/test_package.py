"""The package as it is installed: light to import, complete as a wheel."""

import subprocess
import sys
import zipfile

import pytest

import hypernetworks
from hypernetworks import locations
from hypernetworks.recurrent.fused.compiling import INCLUDED, SOURCES
from tests.conftest import ROOT


def test_public_names_resolve_and_are_documented():
    for name in hypernetworks.__all__:
        assert getattr(hypernetworks, name).__doc__
    with pytest.raises(AttributeError, match="HyperFoo"):
        hypernetworks.HyperFoo  # noqa: B018


def test_importing_the_package_imports_no_torch():
    code = "import sys, hypernetworks; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_library_needs_torch_alone():
    """Importing every public name loads nothing of the suite."""
    code = (
        "import sys, hypernetworks\n"
        "[getattr(hypernetworks, name) for name in hypernetworks.__all__]\n"
        "suite = ('hydra', 'omegaconf', 'wandb', 'torchvision', 'matplotlib', 'jsonschema')\n"
        "assert not [name for name in suite if name in sys.modules]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_wheel_brings_its_configurations(tmp_path):
    """Built as pip would build it; then composed from the unpacked wheel, outside the checkout."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    installed = tmp_path / "site" / "hypernetworks"
    for path in (*SOURCES, INCLUDED):
        assert (installed / "recurrent" / "fused" / path.name).exists()
    assert (installed / "py.typed").exists()
    for name in ("page.html", "style.css"):
        assert (installed / "report" / "page" / name).exists()
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "sys.argv = ['hypernetworks', 'experiment=table7/cnn', '--cfg', 'job']\n"
        "from hypernetworks.app.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "row: cnn" in done.stdout


def test_missing_configurations_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(locations, "PACKAGE", tmp_path / "a" / "b")
    with pytest.raises(FileNotFoundError, match="conf/ is neither"):
        locations.conf_dir()
