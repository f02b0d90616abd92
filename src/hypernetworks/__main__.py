"""`python -m hypernetworks`: one run, or with -m or sweep=... many."""

from hypernetworks.app.main import main

if __name__ == "__main__":
    main()
