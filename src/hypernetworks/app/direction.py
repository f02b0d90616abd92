"""What a run gives back to a sweeper that optimises, and whether that looks for the better end."""

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from hypernetworks.app.checks import RunError

DIRECTIONS = {"lower": "minimize", "higher": "maximize"}


def check_direction(metric: str, better: str) -> None:
    """Refuses a sweeper that would look for the worst runs; others than Optuna have no direction.

    Args:
        metric, better: what a run is selected by, whose best value it gives back.
    Raises:
        RunError: naming the direction that is meant.
    """
    if not HydraConfig.initialized() or HydraConfig.get().mode is not RunMode.MULTIRUN:
        return
    asked = HydraConfig.get().sweeper.get("direction")
    wanted = DIRECTIONS[better]
    if asked is not None and getattr(asked, "name", asked) != wanted:
        raise RunError(
            f"hydra.sweeper.direction={getattr(asked, 'name', asked)}: a run gives back its best "
            f"{metric}, of which {better} is better; set hydra.sweeper.direction={wanted}"
        )
