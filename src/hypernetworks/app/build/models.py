"""From `cfg.model` to a module: an architecture of the registry, or the user's own class."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf
from torch import nn

from hypernetworks.app.checks import RunError
from hypernetworks.training.devices import memory_of


def build_model(
    model: DictConfig, named: Callable[..., nn.Module], device: torch.device | str, **fit: Any
) -> nn.Module:
    """The model, initialised on the CPU so that every device starts the same.

    On the meta device nothing is allocated: enough to count parameters. An architecture is built
    there first, to see that it fits.

    Args:
        model: the configuration's group, with a `name` of the registry or a `_target_`.
        named: builds an architecture: named(name, **fit, **settings).
        fit: what the data ask of a model: image_shape and classes, or symbols. A `_target_` gets
            those that its signature has and its configuration does not give.
    Raises:
        RunError: with the reason, if it cannot be built.
        MemoryError: if the parameters of an architecture are larger than the memory.
    """
    place = torch.device(device)
    if place.type != "meta" and "_target_" not in model:
        _check_fits(build_model(model, named, "meta", **fit), place)
    try:
        with torch.device("meta" if place.type == "meta" else "cpu"):
            built = _own(model, fit) if "_target_" in model else _named(model, named, fit)
    except InstantiationException as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise RunError(f"the model cannot be built: {reason}") from error
    except (ImportError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"the model cannot be built: {reason}") from error
    return built.to(device)


def _check_fits(untouched: nn.Module, device: torch.device) -> None:
    """Where a system promises more memory than it has, filling it would kill the process."""
    size = sum(parameter.nbytes for parameter in untouched.parameters())
    for place in (torch.device("cpu"), device):
        if size > memory_of(place):
            raise MemoryError(f"parameters of {size:,} bytes, {place} has {memory_of(place):,}")


def _named(model: DictConfig, named: Callable[..., nn.Module], fit: dict[str, Any]) -> nn.Module:
    settings: Any = OmegaConf.to_container(model, resolve=True)
    return named(settings.pop("name"), **fit, **settings)


def _own(model: DictConfig, fit: dict[str, Any]) -> nn.Module:
    target = get_object(model["_target_"])
    parameters = inspect.signature(target).parameters
    asked = {k: v for k, v in fit.items() if k in parameters and k not in model}
    found = instantiate(model, **asked)
    if not isinstance(found, nn.Module):
        raise RunError(f"model._target_={model['_target_']}: it gives no torch.nn.Module")
    return found


def count_parameters(model: nn.Module) -> dict[str, int]:
    """The total, and the parts for which the paper states a count."""
    parts: dict[str, list[nn.Parameter]] = getattr(model, "counted_parts", dict)()
    counts = {name: sum(p.numel() for p in part) for name, part in parts.items()}
    return {"total": sum(p.numel() for p in model.parameters()), **counts}
