"""`python -m hypernetworks`, also the installed script `hypernetworks`: see app/main.py."""

import sys


def main() -> None:
    """Opens the suite's door; a plain install is the library alone, and says so."""
    try:
        from hypernetworks.app.main import main as door
    except ModuleNotFoundError as missing:
        remedy = "the suite needs: pip install 'hypernetworks[suite]'"
        sys.exit(f"error: {missing.name} is not installed; {remedy}")
    try:
        door()
    except KeyboardInterrupt as stop:  # before a run could begin, or while a command reads
        from hypernetworks.app.leave import leave_interrupted

        leave_interrupted(stop)


if __name__ == "__main__":
    main()
