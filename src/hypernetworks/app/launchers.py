"""How launchers are called, and what one needs that is not there, said before any row begins."""

import re
import shutil
from importlib.util import find_spec

# Hydra warns of a file of a plugin's own name: ours is called otherwise than what is typed.
FILES = {"ray": "ray_rows"}
INNER = "submitit_"  # begins names of a plugin's, of which ours are made; offered to nobody


def as_typed(text: str) -> str:
    """With the names that users know in the place of the files'."""
    for name, file in FILES.items():
        text = re.sub(rf"\b{file}\b", name, text)
    return text


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
