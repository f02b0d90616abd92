"""`python -m hypernetworks.report`."""

import sys

from hypernetworks.report.cli import main

if __name__ == "__main__":
    sys.exit(main(program="python -m hypernetworks.report"))
