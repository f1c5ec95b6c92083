"""A neutral class becomes a real module of the active framework, and stays one whatever Python does to it."""

from __future__ import annotations

import abc
import inspect
from typing import Any

import pytest

import polynet
from polynet import nn
from polynet.backend import Backend, backend_of, backend_of_class, use_backend
from polynet.errors import FrameworkMismatchError, OptionError
from polynet.nn import specialise
from polynet.nn.explain import explain_call
from tests.nn.networks import (
    Block,
    Chain,
    Counted,
    Deeper,
    Described,
    Describing,
    Diamond,
    Network,
    Scaled,
    run,
    samples,
)


def test_network_is_an_instance_of_its_class_and_of_the_frameworks_module(backend: Backend) -> None:
    network = Network()
    assert isinstance(network, Network)
    assert isinstance(network, backend.native_module_type)
    assert isinstance(network, nn.Module)
    assert run(network, samples()).shape == (2, 3)


def test_specialised_class_is_made_once_and_keeps_its_names(backend: Backend) -> None:
    cls = type(Network())
    assert cls is type(Network(depth=1)) is specialise(Network, backend) is specialise(Network, backend.name)
    assert (cls.__name__, cls.__qualname__, cls.__module__) == ("Network", "Network", Network.__module__)
    assert cls.__doc__ == Network.__doc__
    assert specialise(cls, backend) is cls


def test_layers_are_the_backends_own_classes_with_nothing_around_them(backend: Backend) -> None:
    layer = nn.Linear(2, 3)
    assert type(layer) is backend.layer("Linear")
    assert isinstance(layer, nn.Linear)
    assert isinstance(layer, nn.Module)
    assert not isinstance(layer, nn.Conv2d)
    assert issubclass(type(layer), nn.Linear)
    assert not issubclass(type(layer), nn.Conv2d)


def test_frameworks_own_layers_count_as_the_neutral_ones(backend: Backend) -> None:
    native = inspect.getmodule(backend.native_module_type)
    assert native is not None
    import importlib

    namespace = importlib.import_module({"torch": "torch.nn", "megengine": "megengine.module"}[backend.name])
    convolution = namespace.Conv2d(2, 2, 1)
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(convolution, nn.Module)
    assert not isinstance(convolution, nn.Linear)
    assert issubclass(namespace.Linear, nn.Linear)
    assert not isinstance(convolution, Network)


def test_one_frameworks_layers_are_not_the_others(both: tuple[Backend, Backend]) -> None:
    torch, megengine = both
    with use_backend(torch):
        convolution = nn.Conv2d(1, 1, 1)
    assert not isinstance(convolution, megengine.native_module_type)
    assert not issubclass(torch.layer("Conv2d"), megengine.layer("Conv2d"))
    assert isinstance(convolution, nn.Conv2d)
    assert backend_of(convolution) is torch


def test_subclass_of_a_layer_is_a_native_layer_with_the_users_forward(backend: Backend) -> None:
    scaled = Scaled(4, 2)
    plain = nn.Linear(4, 2)
    assert isinstance(scaled, backend.layer("Linear"))
    assert isinstance(scaled, nn.Linear)
    for slot, other in zip(backend.slots(plain).values(), backend.slots(scaled).values(), strict=True):
        slot.write(other.read())
    assert (run(scaled, samples()) == run(plain, samples()) * 2).all()


def test_subclass_of_a_container_has_its_members_and_their_names(backend: Backend) -> None:
    chain = Chain()
    assert isinstance(chain, backend.layer("Sequential"))
    assert len(chain) == 2
    assert list(backend.slots(chain)) == ["0.weight", "0.bias"]
    assert (run(chain, samples()) >= 0).all()


def test_subclass_of_a_users_network_extends_it(backend: Backend) -> None:
    network = Deeper()
    assert isinstance(network, Network)
    assert abs(run(network, samples())).max() <= 1


def test_subclass_of_a_specialised_class_stays_on_its_backend(frameworks: tuple[Backend, ...]) -> None:
    for backend in frameworks:
        base: Any = specialise(Network, backend)

        class Wider(base):  # type: ignore[misc]  # the class is only known at run time
            def __init__(self) -> None:
                super().__init__(depth=1, classes=5)

        for other in frameworks:
            with use_backend(other):
                network = Wider()
            assert backend_of(network) is backend
            assert run(network, samples()).shape == (2, 5)


def test_class_with_a_native_base_is_bound_to_that_framework(frameworks: tuple[Backend, ...]) -> None:
    for backend in frameworks:
        native: Any = backend.native_module_type

        class Mixed(nn.Module, native):  # type: ignore[misc]  # as above
            def __init__(self) -> None:
                super().__init__()
                self.layer = nn.Linear(4, 4)

            def forward(self, x: Any) -> Any:
                return self.layer(x)

        assert backend_of_class(Mixed) == backend.name
        for other in frameworks:
            with use_backend(other):
                assert run(Mixed(), samples()).shape == (2, 4)


def test_mixin_takes_part_in_construction_and_forward(backend: Backend) -> None:
    network = Counted(depth=1)
    run(network, samples())
    run(network, samples())
    assert network.calls == 2


def test_multiple_inheritance_between_neutral_classes(backend: Backend) -> None:
    described = Described()
    assert isinstance(described, Describing)
    assert isinstance(described, backend.layer("Sequential"))
    assert described.describe() == "Described of 2 parameters"
    assert run(described, samples()).shape == (2, 4)


def test_diamond_runs_each_constructor_once(backend: Backend) -> None:
    diamond = Diamond()
    assert set(backend.slots(diamond)) == {"trunk.weight", "trunk.bias", "branch.weight", "branch.bias"}
    assert run(diamond, samples()).shape == (2, 4)


def test_class_attributes_are_read_through_and_may_change_later(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaled = Scaled(4, 2)
    before = run(scaled, samples())
    monkeypatch.setattr(Scaled, "factor", 6.0)
    assert (run(scaled, samples()) == before * 3).all()
    assert type(scaled).factor == 6.0


def test_abstract_methods_prevent_instances(backend: Backend) -> None:
    class Abstract(nn.Module):
        @abc.abstractmethod
        def forward(self, x: Any) -> Any: ...

    with pytest.raises(TypeError, match="abstract"):
        Abstract()


def test_nested_building_on_another_backend_restores_the_first(both: tuple[Backend, Backend]) -> None:
    inner_built: list[Any] = []

    class Outer(nn.Module):
        def __init__(self, other: Backend) -> None:
            super().__init__()
            self.before = nn.Linear(2, 2)
            with use_backend(other):
                inner_built.append(Network())
            self.after = nn.Linear(2, 2)

    for backend, other in (both, both[::-1]):
        with use_backend(backend):
            outer = Outer(other)
        assert backend_of(outer.before) is backend_of(outer.after) is backend
        assert backend_of(inner_built.pop()) is other


def test_a_constructor_that_fails_restores_the_active_backend(both: tuple[Backend, Backend]) -> None:
    class Failing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            raise RuntimeError("on purpose")

    bound: Any = specialise(Failing, both[0])
    with use_backend(both[1]):
        with pytest.raises(RuntimeError, match="on purpose"):
            bound()
        assert backend_of(nn.Linear(1, 1)) is both[1]


@pytest.mark.parametrize("cls", [Network, Deeper, nn.Linear])
def test_unknown_option_names_the_nearest_and_chains_its_cause(backend: Backend, cls: Any) -> None:
    wrong, right = ("clases", "classes") if cls is not nn.Linear else ("in_feature", "in_features")
    with pytest.raises(OptionError, match=rf"{wrong!r}.*Did you mean '{right}'.*options are") as caught:
        cls(**{wrong: 3})
    assert isinstance(caught.value.__cause__, TypeError)


def test_missing_and_surplus_arguments_are_option_errors(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"missing a required argument.*in_features"):
        nn.Linear()  # type: ignore[call-arg]  # on purpose
    with pytest.raises(OptionError, match="too many positional"):
        Network(1, 2, 3)  # type: ignore[call-arg]  # on purpose


class Passing(nn.Module):
    """Passes on the options it does not know."""

    def __init__(self, width: int = 1, **options: Any) -> None:
        super().__init__(**options)
        self.width = width


@pytest.mark.parametrize(
    ("cls", "arguments", "wrong", "advice"),
    [
        (nn.LSTM, (4, 3), "batchfirst", "Did you mean 'batch_first'"),
        (nn.Sigmoid, (), "inplace", "has no options"),
        (Passing, (), "widht", "Did you mean 'width'"),
    ],
)
def test_options_refused_further_up_are_explained_too(
    backend: Backend, cls: Any, arguments: tuple[int, ...], wrong: str, advice: str
) -> None:
    with pytest.raises(OptionError, match=f"unknown option {wrong!r}.*{advice}") as caught:
        cls(*arguments, **{wrong: True})
    assert isinstance(caught.value.__cause__, TypeError)


def test_where_an_option_is_missing_those_of_the_base_are_known_all_the_same(backend: Backend) -> None:
    class Base(nn.Module):
        def __init__(self, loss: str = "", *, topk: int = 1) -> None:
            super().__init__()

    class Head(Base):
        def __init__(self, num_classes: int, bias: bool = True, **options: Any) -> None:
            super().__init__(**options)

    wrong = r"Head: unknown option 'num_class'\. Did you mean 'num_classes'\?"
    known = r" Its options are: num_classes, bias, loss, topk\."
    with pytest.raises(OptionError, match=wrong + known):
        Head(num_class=7, loss="a loss", topk=5)
    with pytest.raises(OptionError, match=r"Head: missing a required argument: 'num_classes'\." + known):
        Head(loss="a loss")


def test_what_is_open_to_the_end_is_not_said_to_refuse_an_option() -> None:
    class Open:
        def __init__(self, width: int, **options: Any) -> None:
            self.options = options

    with pytest.raises(OptionError, match=r"Open: missing a required argument: 'width'\. Its options are: width\."):
        explain_call(Open, (), {"colour": "red"}, TypeError())
    with pytest.raises(OptionError, match=r"Open: unknown option 'widht'\. Did you mean 'width'\?"):
        explain_call(Open, (), {"widht": 3, "colour": "red"}, TypeError())


def test_parameter_of_another_frameworks_tensor_is_refused(both: tuple[Backend, Backend]) -> None:
    for backend, other in (both, both[::-1]):
        with use_backend(backend), pytest.raises(FrameworkMismatchError, match=f"{backend.name}.*{other.name}"):
            nn.Parameter(other.tensor([1.0]))


def test_type_error_inside_a_constructor_is_not_blamed_on_its_options(backend: Backend) -> None:
    class Faulty(nn.Module):
        def __init__(self, size: int = 1) -> None:
            super().__init__()
            self.size = size + "1"  # type: ignore[operator]  # on purpose

    with pytest.raises(TypeError, match="unsupported operand") as caught:
        Faulty(size=2)
    assert not isinstance(caught.value, OptionError)


def test_signature_shows_the_constructors_options(backend: Backend) -> None:
    for cls in (Network, specialise(Network, backend)):
        assert list(inspect.signature(cls).parameters) == ["depth", "classes"]


def test_neutral_classes_define_nothing_that_could_hide_a_native_method(backend: Backend) -> None:
    allowed = {"__module__", "__qualname__", "__doc__", "_native_name", "_specialisations", "__abstractmethods__"}
    own = {"_abc_impl", "__dict__", "__weakref__", "__annotations__", "__parameters__"}
    # The constructor checks the options and hands them on.
    own |= {"_rule", "__init__"}
    for name in nn.__all__:
        cls = getattr(nn, name)
        if isinstance(cls, type(nn.Module)) and cls._native_name is not None:
            assert set(vars(cls)) <= allowed | own, name


def test_every_layer_exists_on_the_backend(backend: Backend) -> None:
    missing = [
        name
        for name in nn.__all__
        if isinstance(cls := getattr(nn, name), type(nn.Module))
        and cls._native_name not in (None, "Module")
        and not issubclass(backend.layer(cls._native_name), backend.native_module_type)
    ]
    assert not missing


def test_parameter_is_the_frameworks_own(backend: Backend) -> None:
    parameter = nn.Parameter([[1.0, 2.0]])
    assert isinstance(parameter, backend.parameter_type)
    assert isinstance(parameter, nn.Parameter)
    assert not isinstance(polynet.ops.zeros((1,)), nn.Parameter)
    assert list(backend.slots(Block())) == [
        *("gain", "shift", "linear.weight", "linear.bias", "norm.weight", "norm.bias"),
    ]
