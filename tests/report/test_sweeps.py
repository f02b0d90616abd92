from hypernetworks.report import records
from hypernetworks.report.sweeps import summary


def test_a_line_a_run(put):
    metrics = {
        "test_error": {"value": 0.71625, "unit": "percent"},
        "valid_loss": {"value": 0.1, "unit": "nats"},
    }
    paths = [
        put(metrics=metrics),
        put(table="mine", row="wide", label="Wide", seed=3, kind="sample", profile="demo"),
        put(row="hyper_cnn", label="Hyper Convnet", status="interrupted", steps=1200),
    ]
    lines = summary(records.read(path) for path in paths).splitlines()
    cells = [[cell for cell in line.split("  ") if cell] for line in lines]
    assert [[cell.strip() for cell in line] for line in cells] == [
        [
            "7/cnn",
            "seed 0",
            "Normal Convnet",
            "test_error 0.7163 percent",
            "paper · real",
            str(paths[0]),
        ],
        [
            "mine/wide",
            "seed 3",
            "Wide",
            "test_error 0.72 percent",
            "demo · generated",
            str(paths[1]),
        ],
        [
            "7/hyper_cnn",
            "seed 0",
            "Hyper Convnet",
            "interrupted at step 1200",
            "paper · real",
            str(paths[2]),
        ],
    ]


def test_no_run_no_line():
    assert summary([]) == ""
