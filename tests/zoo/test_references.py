"""Our networks give the numbers of timm's and torchvision's under the same weights, on every framework and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend, use_backend
from polynet.registry import NETWORKS
from polynet.weights import load_state, state, to_layout
from tests.compare import assert_close
from tests.zoo.reference import Reference, all_counted, all_references, answers, make_theirs

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:timm.*", "ignore:.*:UserWarning:torchvision.*")

EACH = pytest.mark.parametrize("reference", all_references(), ids=str)


def ours(reference: Reference, backend: Backend, weights: dict[str, Any]) -> Any:
    """Our network with their weights, in evaluation mode."""
    net = polynet.build(
        reference.name, backend=backend.name, weights=weights, layout=reference.library, **reference.options
    )
    backend.set_training(net, False)
    return net


@EACH
def test_their_weights_give_their_logits_and_stages(backend: Backend, reference: Reference) -> None:
    pytest.importorskip(reference.library)
    theirs = answers(reference)
    net = ours(reference, backend, theirs.state)
    found = net(backend.tensor(theirs.images))
    assert_close(found, theirs.logits, reference.tolerance, what="logits")
    if reference.stages:
        maps = net.forward_stages(backend.tensor(theirs.images))
        assert len(maps) == len(theirs.maps)
        for ours_map, their_map in zip(maps, theirs.maps, strict=True):
            assert_close(ours_map, their_map, reference.tolerance, what="stage")


@EACH
def test_our_weights_load_strictly_into_theirs_and_give_our_logits(reference: Reference) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip(reference.library)
    backend = polynet.get_backend("torch")
    wanted = answers(reference)
    with use_backend(backend):
        net = ours(reference, backend, wanted.state)
    spelt = to_layout(state(net), reference.library, net.family)
    other = make_theirs(reference)
    other.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in spelt.items()}, strict=True)
    with torch.no_grad():
        found = other(torch.from_numpy(wanted.images)).numpy()
    # What layouts fold (a bias before a normalisation) is added in another order on the way back.
    assert_close(found, wanted.logits, reference.tolerance, what="logits")


@EACH
def test_the_layout_of_their_weights_is_found(reference: Reference) -> None:
    pytest.importorskip(reference.library)
    net = polynet.build(reference.name, backend="torch", **reference.options)
    report = load_state(net, answers(reference).state, layout="auto")
    assert report.ok


@pytest.mark.parametrize("row", [*all_references(), *all_counted()], ids=str)
def test_a_variant_has_as_many_parameters_as_theirs(row: Reference) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip(row.library)
    with use_backend("shapes") as shapes:
        slots = shapes.slots(NETWORKS.get(row.name)(**row.options))
    counted = sum(int(np.prod(slot.shape)) for slot in slots.values() if slot.kind == "parameter")
    try:
        with torch.device("meta"):
            theirs = make_theirs(row)
    except NotImplementedError:  # torchvision's RegNets compute their widths with tensors and read them back
        theirs = make_theirs(row)
    assert counted + row.folded == sum(parameter.numel() for parameter in theirs.parameters())
