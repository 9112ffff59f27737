"""Who may import whom: read from the imports themselves, so that the drawing in docs/architecture.md stays true."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FLOOR = {
    "imaging": 0,
    "imagic_models": 1,
    "crawler": 1,
    "pipelines": 2,
    "studio": 2,
    "tfds_builders": 3,
    "demo": 4,
    "clickable": 4,
    "cli": 5,
}

# Each framework and the only packages that may know it.
FRAMEWORK = {
    "apache_beam": {"pipelines"},
    "keras": {"imagic_models"},
    "tensorflow": {"imagic_models"},
    "jax": {"imagic_models"},
    "openvino": {"imagic_models"},
    "optuna": {"imagic_models"},
    "tensorflow_datasets": {"tfds_builders", "pipelines", "imagic_models"},
    "scrapy": {"crawler"},
    "twisted": {"crawler"},
    "gradio": {"studio"},
    "fastapi": {"studio"},
}

# Whoever stands above the crawler takes its manifest and nothing else; cli and demo start crawls.
CRAWLER_DOORS = {"pipelines": {"manifest"}, "tfds_builders": {"manifest"}, "studio": set()}


def modules(root: Path) -> list[Path]:
    """Every Python file of the product below root, as paths relative to it."""
    packages = [path for name in FLOOR for path in sorted((root / name).rglob("*.py"))]
    return [path.relative_to(root) for path in [*packages, root / "clickable.py", root / "cli.py"] if path.exists()]


def tree_of(path: Path) -> ast.Module:
    """The file's syntax tree, less what stands under `if TYPE_CHECKING`: a name in an annotation is no dependency."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    return tree


def imports(root: Path, module: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of every import in a file, those inside functions included."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree_of(root / module)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(module.parts[: -node.level]) if node.level else ""
            name = ".".join(part for part in (base, node.module or "") if part)
            found += [(node.lineno, f"{name}.{alias.name}") for alias in node.names]
    return found


def violations(root: Path) -> list[str]:
    """One sentence for each import that goes where it must not."""
    found = []
    for module in modules(root):
        home = module.parts[0].removesuffix(".py")
        for line, name in imports(root, module):
            top, *rest = name.split(".")
            place = f"{module}:{line} imports {name}"
            if home not in FRAMEWORK.get(top, {home}):
                found.append(f"{place}: only {sorted(FRAMEWORK[top])} may know {top}")
            elif top in FLOOR and top != home and FLOOR[top] >= FLOOR[home]:
                found.append(f"{place}: {home} (floor {FLOOR[home]}) stands on lower floors than {FLOOR[top]} only")
            elif top == "crawler" and home in CRAWLER_DOORS and (not rest or rest[0] not in CRAWLER_DOORS[home]):
                found.append(f"{place}: {home} takes {sorted(CRAWLER_DOORS[home])} from crawler")
    return found


def import_graph(root: Path) -> dict[str, set[str]]:
    """Module -> the project's own modules that it imports."""
    names = {".".join(module.with_suffix("").parts).removesuffix(".__init__"): module for module in modules(root)}
    graph: dict[str, set[str]] = {}
    for name, module in names.items():
        wanted = {target for _, target in imports(root, module)}
        # `from a.b import c` may name module a.b.c or the value c of module a.b.
        graph[name] = {t if t in names else t.rpartition(".")[0] for t in wanted} & names.keys() - {name}
    return graph


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one import cycle, or an empty list."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in done:
            return []
        for target in sorted(graph[name]):
            if found := visit(target, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := visit(name, []))), [])


def test_nothing_imports_upward_or_knows_a_framework_that_is_not_its_own():
    assert violations(ROOT) == []


def test_no_module_imports_itself_over_others():
    assert cycle(import_graph(ROOT)) == []


@pytest.mark.parametrize(
    ("file", "line", "word"),
    [
        ("imaging/degradations/noise.py", "import keras", "keras"),
        ("imaging/degradations/noise.py", "def draw():\n    from keras import ops", "keras"),
        ("imaging/files.py", "from pipelines.enhance import ledger", "floor"),
        ("imagic_models/data.py", "from crawler import manifest", "floor"),
        ("pipelines/dataset/plan.py", "from crawler.store import Store", "manifest"),
        ("crawler/run.py", "import apache_beam as beam", "apache_beam"),
    ],
)
def test_a_forbidden_import_is_named(tmp_path, file, line, word):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n")
    (found,) = violations(tmp_path)
    assert file in found and word in found


def test_a_cycle_is_found(tmp_path):
    (tmp_path / "imaging").mkdir()
    (tmp_path / "imaging" / "files.py").write_text("from imaging.tiling import merge\n")
    (tmp_path / "imaging" / "tiling.py").write_text("from imaging import files\n")
    assert set(cycle(import_graph(tmp_path))) == {"imaging.files", "imaging.tiling"}


def test_no_module_hides_behind_an_empty_name():
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [str(module) for module in modules(ROOT) if module.stem in vague] == []
