"""`python -m hypernetworks`: one run, or with -m or sweep=... many."""

import sys

if __name__ == "__main__":
    try:
        from hypernetworks.app.main import main
    except ModuleNotFoundError as missing:
        # A plain install is the library alone.
        remedy = "the suite needs: pip install 'hypernetworks[suite]'"
        sys.exit(f"error: {missing.name} is not installed; {remedy}")
    main()
