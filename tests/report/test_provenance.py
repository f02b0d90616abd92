import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata

import pytest

from hypernetworks.report import provenance


def git(root, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    root = tmp_path / "checkout"
    (root / "src" / "package").mkdir(parents=True)
    (root / "conf").mkdir()
    (root / "src" / "package" / "a.py").write_text("a = 1\n")
    (root / "conf" / "config.yaml").write_text("seed: 0\n")
    (root / "pyproject.toml").write_text("[project]\n")
    (root / "README.md").write_text("hello\n")
    (root / ".gitignore").write_text("__pycache__/\n")
    git(tmp_path, "init", "-q", str(root))
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


def test_clean(checkout):
    state = provenance.source_state(checkout)
    head = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    assert state["commit"] == head.strip()
    assert state["clean"] is True
    assert len(state["source_hash"]) == 64
    assert provenance.source_state(checkout) == state


def test_a_changed_tracked_file(checkout):
    before = provenance.source_state(checkout)
    (checkout / "conf" / "config.yaml").write_text("seed: 1\n")
    after = provenance.source_state(checkout)
    assert after["commit"] == before["commit"]
    assert after["clean"] is False
    assert after["source_hash"] != before["source_hash"]


def test_staged_and_deleted_files_are_changes(checkout):
    (checkout / "src" / "package" / "a.py").write_text("a = 2\n")
    git(checkout, "add", ".")
    assert provenance.source_state(checkout)["clean"] is False
    git(checkout, "commit", "-q", "-m", "second")
    clean = provenance.source_state(checkout)
    assert clean["clean"] is True
    (checkout / "src" / "package" / "a.py").unlink()
    gone = provenance.source_state(checkout)
    assert gone["clean"] is False
    assert gone["source_hash"] != clean["source_hash"]


def test_an_untracked_source_counts(checkout):
    before = provenance.source_state(checkout)
    (checkout / "src" / "package" / "new.py").write_text("b = 1\n")
    after = provenance.source_state(checkout)
    assert after["clean"] is False
    assert after["source_hash"] != before["source_hash"]


def test_other_and_ignored_files_do_not_count(checkout):
    before = provenance.source_state(checkout)
    (checkout / "README.md").write_text("changed\n")
    (checkout / "notes.txt").write_text("new\n")
    (checkout / "src" / "package" / "__pycache__").mkdir()
    (checkout / "src" / "package" / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert provenance.source_state(checkout) == before


def test_a_renamed_file_changes_the_hash(checkout):
    before = provenance.source_state(checkout)["source_hash"]
    (checkout / "conf" / "config.yaml").rename(checkout / "conf" / "other.yaml")
    assert provenance.source_state(checkout)["source_hash"] != before


def test_without_a_commit(tmp_path):
    git(tmp_path, "init", "-q", ".")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    state = provenance.source_state(tmp_path)
    assert (state["commit"], state["clean"]) == (None, False)


def test_without_git_or_installed_the_package_is_hashed(checkout, tmp_path, monkeypatch):
    installed = provenance.source_state(None)
    assert (installed["commit"], installed["clean"]) == (None, False)
    assert installed["source_hash"] != provenance.source_state(checkout)["source_hash"]
    # A folder below another repository must not borrow its commit.
    assert provenance.source_state(checkout / "src") == installed
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.source_state(checkout) == installed


def test_what_keeps_sources_from_being_published(checkout, tmp_path):
    assert provenance.examine(checkout)[1] is None
    (checkout / "pyproject.toml").write_text("[build-system]\n")
    assert provenance.examine(checkout)[1] == "the sources differ from their commit"
    assert "installed" in provenance.examine(None)[1]
    below = provenance.examine(checkout / "src")[1]
    assert below == f"{checkout / 'src'} is no git repository of its own; run it from a clone"


def test_a_checkout_of_another_user_names_the_remedy(checkout, monkeypatch):
    """As in a container, where git refuses to read it."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    state, doubt = provenance.examine(checkout)
    assert (state["commit"], state["clean"]) == (None, False)
    assert doubt.startswith("git says: fatal: detected dubious ownership in repository at ")
    assert doubt.endswith(f"; git config --global --add safe.directory {checkout}")
    assert "\n" not in doubt


def test_a_tarball_a_broken_repository_and_one_without_a_commit(checkout, tmp_path):
    (checkout / ".git" / "HEAD").unlink()
    assert provenance.examine(checkout)[1].startswith("git says: fatal: not a git repository")
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q", ".")
    assert provenance.examine(empty)[1].endswith(" does not have any commits yet")


@pytest.fixture
def fake_git(tmp_path, monkeypatch):
    """Puts a shell script before the real git."""

    def put(script):
        (tmp_path / "bin").mkdir()
        program = tmp_path / "bin" / "git"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return put


def test_a_git_that_hangs_is_not_waited_for(checkout, fake_git, monkeypatch):
    fake_git("exec sleep 60")
    monkeypatch.setattr(provenance, "GIT_TIMEOUT", 0.2)
    state, doubt = provenance.examine(checkout)
    assert state["commit"] is None
    assert doubt == "git does not answer within 0.2 seconds"


def test_a_git_that_fails_half_way_is_no_change_of_the_sources(checkout, fake_git):
    real = shutil.which("git")
    fake_git(f"""case "$*" in *status*) echo 'fatal: index file corrupt' >&2; exit 128;; esac
exec {real} "$@"
""")
    state, doubt = provenance.examine(checkout)
    assert state["clean"] is False
    assert doubt == "git says: fatal: index file corrupt"


def test_without_git_it_says_so(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.examine(checkout)[1].startswith("git cannot be run: No such file")


def test_a_folder_of_any_name_in_any_locale(checkout, tmp_path):
    checkout = checkout.rename(tmp_path / "Jürgen")
    code = """
import sys
from pathlib import Path
from hypernetworks.report.provenance import examine
state, doubt = examine(Path(sys.argv[1]))
assert state["clean"] and doubt is None
"""
    c_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(checkout)]
    subprocess.run(command, env={**os.environ, **c_locale}, check=True)


def test_versions_import_nothing_and_skip_the_absent():
    found = provenance.versions("numpy", "no-such-package-here")
    assert found == {"python": platform.python_version(), "numpy": metadata.version("numpy")}


def test_machine_names_no_host():
    found = provenance.machine()
    assert set(found) == {"cpu", "cores", "platform"}
    assert found["cores"] >= 1
    assert found["cpu"]
    assert platform.system() in found["platform"]
    assert platform.node() not in found["platform"].split()


def test_config_hash_is_of_the_canonical_json():
    first = provenance.config_hash({"a": 1, "b": {"c": [1.5, None], "d": "é"}})
    assert first == provenance.config_hash({"b": {"d": "é", "c": [1.5, None]}, "a": 1})
    assert first != provenance.config_hash({"a": 2, "b": {"c": [1.5, None], "d": "é"}})
    # printf '{"a":1}' | sha256sum
    known = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    assert provenance.config_hash({"a": 1}) == known
    with pytest.raises(ValueError, match="not JSON compliant"):
        provenance.config_hash({"a": float("nan")})
