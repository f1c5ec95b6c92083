"""The documents are true: their Python runs, their commands parse, and what they list is what there is."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from polynet.backend import backend_names, get_backend
from polynet.cli.main import _parser
from polynet.registry import temporary
from polynet.weights import families_of, layout_names
from tests.checklist.rows import rows
from tests.conftest import chosen_backends
from tests.tolerances import DEFAULT, EXCEPTIONS

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_LISTING = re.compile(r"^```(?:text|sh|console|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A block of Python, after those of its page that it continues."""

    page: Path
    line: int
    code: str
    needs: frozenset[str]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def examples() -> list[Example]:
    """Every block, with what the comment above it says: `needs: torch megengine tokenizers`, `continues`."""
    found: list[Example] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        before = Example(page, 0, "", frozenset())
        for match in _BLOCK.finditer(text):
            notes = [note.strip() for note in (match["note"] or "").split(";")]
            needs = {word for note in notes if note.startswith("needs:") for word in note[6:].split()} - {"none"}
            line = text.count("\n", 0, match.start("code")) + 1
            known = match["note"] is not None and all(note == "continues" or note[:6] == "needs:" for note in notes)
            assert known, f"{page.name}:{line}: a block of Python says above it what it needs"
            if "continues" in notes:
                padding = "\n" * (line - 1 - before.code.count("\n"))
                before = Example(page, line, before.code + padding + match["code"], before.needs | needs)
            else:
                before = Example(page, line, "\n" * (line - 1) + match["code"], frozenset(needs))
            found.append(before)
    return found


@pytest.mark.parametrize("example", examples(), ids=str)
def test_python_in_the_documents_runs(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frameworks = example.needs & set(backend_names())
    missing = frameworks - set(chosen_backends())
    if missing:
        pytest.skip(f"needs {' and '.join(sorted(missing))}")
    for package in example.needs - frameworks:
        pytest.importorskip(package)
    for name in frameworks:
        get_backend(name)  # which keeps quiet the warnings of a framework's own import
    monkeypatch.chdir(tmp_path)
    # Classes are looked up in their module when they are pickled, so the block has one.
    module = ModuleType("documented")
    monkeypatch.setitem(sys.modules, "documented", module)
    with temporary():
        exec(compile(example.code, str(example.page), "exec"), vars(module))


def commands() -> list[tuple[str, str]]:
    """Every line that begins with `polynet`, in a listing or alone in code marks, with its page."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        listed = [line.strip() for block in _LISTING.findall(text) for line in block.splitlines()]
        lines = listed + re.findall(r"`(polynet [^`\n]*)`", text)
        for line in lines:
            command = line.removeprefix("$ ").partition("  #")[0].strip()
            if (
                command.startswith("polynet ")
                and "…" not in command
                and "[" not in command
                and (line in listed or len(command.split()) > 2 or command.split()[1] in ("demo", "list", "env"))
            ):
                found.append((page.name, command))
    return found


@pytest.mark.parametrize(("page", "command"), commands())
def test_commands_in_the_documents_parse(page: str, command: str) -> None:
    options, rest = _parser()[0].parse_known_args(shlex.split(command)[1:])
    assert options.command is not None or options.version
    assert all("=" in word and not word.startswith("-") for word in rest), f"{page}: {command}"


def test_readme_shows_commands_and_python() -> None:
    assert any(page == "README.md" for page, _ in commands())
    assert any(example.page.name == "README.md" for example in examples())


def test_readme_runs_the_tests_as_continuous_integration_does() -> None:
    listings = _LISTING.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    steps = [line for line in script if line and not line.startswith(("#", "set ", "cd "))]
    assert " && ".join(steps) in [block.strip() for block in listings]


def test_every_layout_and_family_is_in_the_page_on_weights() -> None:
    page = (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")
    for layout in layout_names():
        row = next((line for line in page.splitlines() if line.startswith(f"| `{layout}` |")), None)
        assert row is not None, layout
        for family in families_of(layout):
            assert f"`{family}`" in row, (layout, family)


def test_every_exception_to_the_tolerance_is_in_the_page_on_differences() -> None:
    page = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    assert f"{DEFAULT:.0e}".replace("e-0", "e-") in page
    listed = dict(re.findall(r"^\| `([^`]+)` \| (\S+) \|", page.partition("## Tolerances")[2], re.MULTILINE))
    assert {name: float(value) for name, value in listed.items()} == {
        name: exception.relative for name, exception in EXCEPTIONS.items()
    }


def refusals() -> list[str]:
    """The messages with which the frameworks' adapters refuse a layer or an option, their values left out."""
    found: list[str] = []
    for folder in ("polynet_torch", "polynet_megengine"):
        for path in sorted((ROOT / "backends" / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for raised in re.finditer(r"raise UnsupportedError\(message\)", text):
                start = text.rindex("message = ", 0, raised.start())
                found.append(f"{folder}/{path.relative_to(ROOT / 'backends' / folder)}: {text[start : raised.start()]}")
    return found


_NAMED = re.compile(
    r"return_indices|add_bias_kv|add_zero_attn|max_norm|scale_grad_by_freq|sparse|bfloat16|padding_mode"
)
_GENERAL = "has no layer"
_DESCRIBED = {
    "cannot compute as": "computing in half precision",
    "cannot shard parameters": "cannot shard parameters",
    "fully_shard": "`fully_shard`",
    "never called the model itself": "never calls the model itself",
    "cannot compute single blocks anew": "blocks anew",
    "has no float64": "float64",
    "gradients that PolyNet does not see": "gradients that it does not see",
}
"""Words of refusals that name no option of a layer, and what the page says of each."""


@pytest.mark.parametrize("refusal", refusals())
def test_everything_refused_is_in_the_page_on_differences(refusal: str) -> None:
    page = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    said = {f"`{option}`" for option in _NAMED.findall(refusal)}
    said |= {words for told, words in _DESCRIBED.items() if told in refusal}
    assert said or _GENERAL in refusal, "a refusal that this test does not know: name its options in _NAMED"
    for words in said:
        assert words in page


MISPRINTS = (
    *("S0-2", "S0-7", "S0-8", "S0-10", "S1-2", "S1-16", "S1-25", "S1-28", "S2-32", "S2-38"),
    *("S3-15", "S3-20", "S3-33", "S3-39", "S3-41", "S3-45", "S3-65", "S4-11", "S4-22"),
)
"""Rows where a document's own program does not run as printed, or document and code disagree."""


def test_every_misprint_and_disagreement_is_in_the_page_on_the_five_systems() -> None:
    page = (ROOT / "docs" / "seeds.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([SX]\d?-\d+) \|", page, re.MULTILINE)
    assert set(MISPRINTS) <= set(listed)
    assert [name for name in listed if name.startswith("X")] == [f"X-{number}" for number in range(1, 13)]
    assert {name for name in listed if name.startswith("S")} <= set(rows())
    assert len(listed) == len(set(listed))


def test_every_program_named_in_the_page_on_the_five_systems_is_there() -> None:
    page = (ROOT / "docs" / "seeds.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(examples/\w+\.py)`", page))
    assert len(named) == 5
    assert all((ROOT / each).is_file() for each in named)
