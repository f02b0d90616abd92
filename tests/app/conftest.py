"""Small runs of real rows, composed as the command line would."""

import pytest

from hypernetworks.app.params import compose_row

SMALL = (
    "trainer.batch_size=50",
    "trainer.max_steps=6",
    "trainer.eval_every=2",
    "trainer.log_every=1",
    "threads=1",
)


@pytest.fixture
def small(data_dir, tmp_path):
    """Composes a row in the demo profile, shortened to six steps, without a tracker."""

    def compose(experiment="table7/hyper_cnn", *overrides, logger="none"):
        places = (f"data_dir={data_dir}", f"results_dir={tmp_path / 'results'}")
        return compose_row(experiment, "demo", f"logger={logger}", *places, *SMALL, *overrides)

    return compose
