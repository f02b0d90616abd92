"""`python -m hypernetworks`: one run, or with -m or sweep=... many; `... sample RUN`: a text."""

import sys

if __name__ == "__main__":
    try:
        from hypernetworks.app.main import main
    except ModuleNotFoundError as missing:
        # A plain install is the library alone.
        remedy = "the suite needs: pip install 'hypernetworks[suite]'"
        sys.exit(f"error: {missing.name} is not installed; {remedy}")
    if sys.argv[1:2] == ["sample"]:
        from hypernetworks.app.sample import main as sample

        sys.exit(sample(sys.argv[2:]))
    main()
