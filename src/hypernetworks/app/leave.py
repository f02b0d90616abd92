"""How the program ends after a mistake: one line on stderr, of several processes once."""

import sys
import time
from typing import NoReturn

from hypernetworks.training import processes

PATIENCE = 10.0  # seconds in which the others have come to the same end


def leave(message: str, status: int) -> NoReturn:
    """Ends with one line and a status not 0.

    What all processes of a run find alike the leading one says; torchrun then ends the others. One
    that is still there has found what the others have not.
    """
    if not processes.leads():
        time.sleep(PATIENCE)
    print(f"error: {message}", file=sys.stderr)
    sys.exit(status)


def leave_interrupted(stop: KeyboardInterrupt) -> NoReturn:
    """Ends with the status of a signal, which all processes of a run have got."""
    if processes.leads():
        print(f"error: {str(stop) or 'interrupted'}", file=sys.stderr)
    sys.exit(128 + getattr(stop, "signum", 2))
