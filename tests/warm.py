"""`python -m hypernetworks` in processes forked from one that has imported all that they need.

Reads a request a line and answers each with the exit status of a process of its own: of the command
line, or of a piece of code where the words are `-c CODE`, as Python's own. It spares the tests
seconds of imports for each; cold starts have tests of their own.
"""

import gc
import json
import os
import signal
import sys

import sacremoses  # noqa: F401
import torch._dynamo  # noqa: F401
import torchvision  # noqa: F401
import wandb  # noqa: F401

import hypernetworks.app.run
import hypernetworks.models.gnmt
import hypernetworks.report.cli  # noqa: F401
from hypernetworks.app.schema import store_schemas
from tests.torture.processes import run

PATIENCE = 900  # seconds after which a process hangs


def become(words, folder, environment, outputs, largest):
    """This process is now one that was started with these words in this folder; its status."""
    signal.alarm(PATIENCE)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate((os.devnull, *outputs)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    if words[:1] == ["-c"]:
        os.chdir(folder)
        exec(words[1], {"__name__": "__main__"})
        return 0
    return run(words, folder, largest)


def serve():
    store_schemas()
    gc.freeze()  # else each process copies what the collector touches
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(become(**json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
