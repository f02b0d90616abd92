"""What a launcher needs that is not there, said before any row begins."""

import shutil
from importlib.util import find_spec


def why_not(name: str) -> str | None:
    """Why Hydra's launcher of this name cannot start rows here; None if it can, or is unknown."""
    if name.endswith("slurm"):
        missing = [program for program in ("sbatch", "srun") if shutil.which(program) is None]
        if missing:
            there = f"there is no {' and no '.join(missing)}, so this is no machine of a"
            return f"{there} Slurm cluster; joblib runs rows side by side here"
    if name.startswith(("slurm", "submitit")) and find_spec("submitit") is None:
        return "submitit is not installed; pip install 'hypernetworks[launchers]'"
    if name.startswith("ray") and find_spec("ray") is None:
        here = "Ray is not installed in this environment"
        return f"{here}; make reproduce-table LAUNCHER=ray makes one that has it, .venv-ray"
    return None
