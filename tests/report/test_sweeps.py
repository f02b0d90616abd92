from hypernetworks.report.sweeps import summary


def test_runs_are_compared_and_their_records_named(put):
    paths = [put(), put(row="hyper_cnn", status="interrupted", steps=1200)]
    heading, *table, one, two = summary(paths).splitlines()
    assert heading == "test_error on mnist, real data; lower valid_error first"
    assert [line.split()[0] for line in table if "/" in line] == ["7/cnn", "7/hyper_cnn"]
    assert one.split(maxsplit=3) == ["seed", "0", "finished", str(paths[0])]
    assert two.split(maxsplit=2) == ["seed", "0", f"interrupted at step 1200  {paths[1]}"]


def test_a_damaged_record_is_a_line(put):
    paths = [put(), put(row="hyper_cnn")]
    paths[1].write_text("{")
    last = summary(paths).splitlines()[-1]
    assert last.startswith(f"left out: {paths[1]}: cannot be read as JSON")
    assert str(paths[0]) in summary(paths)


def test_no_run_no_line():
    assert summary([]) == ""
