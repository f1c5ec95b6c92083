"""The kept figures of the zoo are those of the networks: every one is built, without numbers, and counted."""

from __future__ import annotations

import pytest

from polynet.models.figures import PATH, all_figures
from polynet.models.measure import measured, text, zoo_names
from polynet.models.papers import PAPERS

CHUNKS = 8


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_network_of_the_zoo_has_the_figures_that_are_kept(chunk: int) -> None:
    for name in zoo_names()[chunk::CHUNKS]:
        assert measured(name) == all_figures()[name], f"{name}: run python -m polynet.models.measure"


def test_the_file_lists_the_zoo_and_nothing_else() -> None:
    assert list(all_figures()) == zoo_names()
    assert PATH.read_text(encoding="utf-8") == text(all_figures())


def test_every_family_names_its_paper() -> None:
    families = {row.family for row in all_figures().values()}
    assert families <= set(PAPERS), sorted(families - set(PAPERS))
    assert all("arXiv:" in paper for papers in PAPERS.values() for paper in papers)
