"""A hook of mkdocs: the site has the folders of the repository, so that links work as they lie.

README.md links to docs/library.md, docs/results.md to ../results/published/TABLES.md, on GitHub
and in the site alike.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
BESIDE = ("README.md", "CONTRIBUTING.md", "LICENSE", "CITATION.cff", "results/published/**/*")
REPORT = "report/index.html"  # of `make report`, where it lies already


def on_config(config: MkDocsConfig) -> None:
    if (ROOT / "results" / REPORT).is_file():
        config.nav.append({"Report": REPORT})


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Takes docs/ from the root, and what lies beside it; a report of results/ as report/."""

    def take(source: Path, folder: Path) -> None:
        where = (str(folder), config.site_dir, config.use_directory_urls)
        files.append(File(source.relative_to(folder).as_posix(), *where))

    for file in [file for file in files if file.src_dir == config.docs_dir]:
        files.remove(file)
        take(Path(config.docs_dir, file.src_uri), ROOT)
    for pattern in BESIDE:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                take(path, ROOT)
    for path in sorted((ROOT / "results" / "report").rglob("*")):
        if path.is_file():
            take(path, ROOT / "results")
