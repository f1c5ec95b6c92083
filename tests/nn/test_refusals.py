"""A network called with what it cannot use says which layer refused what, in PolyNet's error, on every framework."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import (
    BackendThreadError,
    FrameworkMismatchError,
    InputError,
    InputIndexError,
    PolyNetError,
)
from polynet.types import Tensor


class Block(nn.Module):
    """A convolution and a linear layer, one level down."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Score images."""
        return self.fc(ops.relu(self.conv(x)).mean((2, 3)))


class Net(nn.Module):
    """A user's own network, with layers inside layers."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(Block())
        self.last = nn.Linear(2, 2)

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        """Score images, times a number."""
        return self.last(self.body(x)) * scale


class Failing(nn.Module):
    """Calls a function in its `forward`."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        """Call it."""
        return self.function(x)


class Embedded(nn.Module):
    """Looks rows up."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Rows."""
        return self.table(x)


def images(*shape: int) -> Tensor:
    """Ones on the active backend."""
    return ops.ones(shape or (2, 3, 6, 6))


@pytest.mark.parametrize(
    "wrong", [np.ones((2, 3, 6, 6), np.float32), [1.0, 2.0], "image"], ids=["array", "list", "text"]
)
def test_what_is_no_tensor_is_refused_with_the_layer_and_the_remedy(wrong: Any, backend: Backend) -> None:
    with pytest.raises(FrameworkMismatchError, match=r"^Net .*'body\.0\.conv', Conv2d\(3, 4, .*ops\.tensor") as caught:
        Net()(wrong)
    assert backend.name in str(caught.value)
    assert caught.value.__cause__ is not None


def test_the_other_frameworks_tensor_is_refused(both: tuple[Backend, ...]) -> None:
    for own, other in (both, both[::-1]):
        with use_backend(own):
            net = Net()
        with pytest.raises(FrameworkMismatchError, match=rf"{other.name}.*of shape \(2, 3, 6, 6\)"):
            net(other.tensor(np.ones((2, 3, 6, 6), np.float32)))


@pytest.mark.parametrize("shape", [(2, 5, 6, 6), (2, 3, 2, 2), (3, 6)])
def test_a_shape_that_does_not_fit_is_an_input_error(shape: tuple[int, ...], backend: Backend) -> None:
    with pytest.raises(InputError, match=r"Conv2d\(3, 4"):
        Net()(images(*shape))


def test_the_refusing_layer_is_named_by_its_path_with_what_it_was_given(reference: Backend) -> None:
    with use_backend(reference), pytest.raises(InputError) as caught:
        Net()(images(2, 5, 6, 6))
    message = str(caught.value)
    assert message.startswith("Net cannot be called with float32 (2, 5, 6, 6): its layer 'body.0.conv', Conv2d(3, 4, ")
    assert "torch says: Given groups=1, weight of size [4, 3, 3, 3]" in message
    assert type(caught.value.__cause__) is RuntimeError


def test_values_deeper_in_are_told_apart_from_what_the_network_was_given(reference: Backend) -> None:
    with use_backend(reference):
        net = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 6))
        outer = Failing(net)
        with pytest.raises(InputError, match=r"float32 \(2, 3\): its layer '.*1', Linear.* refuses float32 \(2, 4\)\."):
            outer(images(2, 3))


@pytest.mark.parametrize(("arguments", "options"), [(0, {}), (3, {}), (1, {"zoom": 2})])
def test_a_wrong_number_of_arguments_is_an_input_error(arguments: int, options: Any, backend: Backend) -> None:
    with pytest.raises(InputError, match=r"Net cannot be called with .*argument"):
        Net()(*[images()] * arguments, **options)


def test_operators_within_forward_are_explained(backend: Backend) -> None:
    net = Failing(lambda x: x + images(7))
    with pytest.raises(InputError, match=r"^Failing\(\) cannot be called with float32 \(2, 3, 6, 6\)"):
        net(images())


def test_an_index_out_of_range_is_an_index_error(backend: Backend) -> None:
    with pytest.raises(InputIndexError, match=r"[Ee]mbedding"):
        Embedded()(ops.tensor([4]))


@pytest.mark.parametrize("error", [ValueError, RuntimeError, TypeError, IndexError, NameError, MemoryError, KeyError])
def test_what_the_users_code_raises_passes_unchanged(error: type[Exception], backend: Backend) -> None:
    own = error("my own words")

    def fail(_: Tensor) -> None:
        raise own

    with pytest.raises(error) as caught:
        nn.Sequential(Failing(fail))(images())
    assert caught.value is own
    assert not isinstance(caught.value, PolyNetError)


def test_a_misspelt_member_passes_unchanged(backend: Backend) -> None:
    class Misspelt(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return self.con(x)  # type: ignore[attr-defined]  # there is none

    with pytest.raises(AttributeError, match="con") as caught:
        Misspelt()(images())
    assert type(caught.value) is AttributeError


def test_a_class_without_forward_passes_unchanged(backend: Backend) -> None:
    class Nothing(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="forward") as caught:
        Nothing()(images())
    assert type(caught.value) is NotImplementedError


def test_derived_errors_pass_unchanged(reference: Backend) -> None:
    import torch

    def fail(_: Tensor) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with use_backend(reference), pytest.raises(torch.OutOfMemoryError) as caught:
        Failing(fail)(images())
    assert type(caught.value) is torch.OutOfMemoryError


def test_running_out_of_memory_is_no_fault_of_the_input(reference: Backend) -> None:
    import torch

    with use_backend(reference), pytest.raises(RuntimeError) as caught:
        Failing(lambda _: torch.nn.functional.pad(torch.zeros(1), (0, 1 << 60)))(images())
    assert type(caught.value) is RuntimeError


def test_forward_may_catch_what_a_layer_raises(backend: Backend) -> None:
    """The outermost call explains: a network that tries one layer and falls back to another still can."""

    class Trying(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()

        def forward(self, x: Tensor) -> Tensor:
            try:
                return self.block(x)
            except (RuntimeError, InputError):
                return x

    x = images(2, 5, 6, 6)
    assert Trying()(x) is x


def test_a_refusal_changes_nothing(backend: Backend) -> None:
    net = Net()
    backend.set_training(net, False)
    before = backend.numpy(net(images()))
    for wrong in (np.ones(3), images(2, 5, 6, 6)):
        with pytest.raises(PolyNetError):
            net(wrong)
    np.testing.assert_array_equal(backend.numpy(net(images())), before)


def test_copies_and_pickles_explain_too(backend: Backend) -> None:
    net = Net()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert type(twin) is type(net)
        with pytest.raises(InputError, match="Conv2d"):
            twin(images(2, 5, 6, 6))


def test_another_thread_is_refused_in_polynets_words(backend: Backend) -> None:
    if not backend.thread_bound:
        pytest.skip("it works in every thread")
    x, found = images(), []

    def call(module: Any) -> None:
        with pytest.raises(BackendThreadError, match="thread") as caught:
            module(x)
        found.append(caught.value)

    for module in (Net(), nn.Conv2d(3, 4, 3), Failing(lambda value: value + value)):
        thread = threading.Thread(target=call, args=(module,))
        thread.start()
        thread.join()
    assert len(found) == 3


METHODS: dict[str, Callable[[Any], Any]] = {
    "to": lambda net: net.to("cpu"),
    "cpu": lambda net: net.cpu(),
    "cuda": lambda net: net.cuda(),
    "half": lambda net: net.half(),
    "float": lambda net: net.float(),
    "state_dict": lambda net: net.state_dict(),
    "load_state_dict": lambda net: net.load_state_dict({}, strict=False),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_networks_methods_are_refused_in_another_thread_too(backend: Backend, method: str) -> None:
    if not backend.thread_bound:
        pytest.skip("it works in every thread")
    net, raised = Net(), []

    def call() -> None:
        try:
            METHODS[method](net)
        except (RuntimeError, BackendThreadError) as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert [type(each) for each in raised] == [BackendThreadError]
    assert all(tensor.dtype == np.float32 for tensor in net.parameters())


def test_an_own_call_is_kept(backend: Backend) -> None:
    class Calling(nn.Module):
        def __call__(self, x: Tensor) -> Tensor:
            return super().__call__(x) + 1

        def forward(self, x: Tensor) -> Tensor:
            return x * 2

    assert backend.numpy(Calling()(ops.tensor([1.0]))).tolist() == [3.0]


def test_one_value_per_channel_while_training_is_an_input_error(backend: Backend) -> None:
    class Normalised(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bn = nn.BatchNorm2d(3)

        def forward(self, x: Tensor) -> Tensor:
            return self.bn(x)

    with pytest.raises(InputError, match=r"more than (1|one) value per channel"):
        Normalised()(images(1, 3, 1, 1))
