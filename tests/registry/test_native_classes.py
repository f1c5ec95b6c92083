"""Native modules belong to their own framework; these tests need one."""

from __future__ import annotations

import pytest

from polynet.errors import OptionError, UnknownNameError
from polynet.registry import MODELS, NETWORKS, temporary


@pytest.fixture(autouse=True)
def _clean_store():
    with temporary():
        yield


def test_a_native_module_is_registered_for_its_framework_alone(backend):
    native = type("NativeNet", (backend.native_module_type,), {"forward": lambda self, x: x})
    NETWORKS.register(native)
    assert NETWORKS.get("NativeNet", backend.name) is native
    other = "megengine" if backend.name == "torch" else "torch"
    with pytest.raises(UnknownNameError, match=f"exists for {backend.name} only"):
        NETWORKS.get("NativeNet", other)


def test_a_native_module_that_inherits_its_constructor_is_accepted(backend):
    native = type("Bare", (backend.native_module_type,), {})
    assert NETWORKS.register(native) is native


def test_a_native_module_with_its_own_name_parameter_is_refused(backend):
    def constructor(self, name="x"):
        pass

    native = type("Named", (backend.native_module_type,), {"__init__": constructor, "__module__": __name__})
    with pytest.raises(OptionError, match="'name'"):
        NETWORKS.register(native)


def test_one_name_holds_a_native_class_of_each_framework(both):
    classes = {one.name: type("Twin", (one.native_module_type,), {}) for one in both}
    for native in classes.values():
        MODELS.register(native)
    for name, native in classes.items():
        assert MODELS.get("Twin", name) is native


def test_a_neutral_module_serves_every_framework(backend):
    from polynet import nn

    class Neutral(nn.Module):
        def __init__(self, width: int = 2) -> None:
            super().__init__()

    NETWORKS.register(Neutral)
    assert NETWORKS.get("Neutral", backend.name) is NETWORKS.get("Neutral") is Neutral
