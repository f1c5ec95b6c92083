from __future__ import annotations

import threading

import pytest

from polynet.errors import DuplicateNameError, OptionError, PolyNetError, UnknownNameError
from polynet.registry import BACKBONES, HEADS, KINDS, MODELS, NETWORKS, Registry, registers, store, temporary


@pytest.fixture(autouse=True)
def _clean_store():
    with temporary():
        yield


class Plain:
    def __init__(self, width: int = 4) -> None:
        self.width = width


def redefined():
    class Cell:
        pass

    return Cell


@pytest.mark.parametrize("decorator", ["register", "register_module", "register_class"])
@pytest.mark.parametrize(
    "apply",
    [
        lambda register: register(Plain),
        lambda register: register()(Plain),
        lambda register: register("Plain")(Plain),
        lambda register: register(name="Plain")(Plain),
        lambda register: register(Plain, name="Plain"),
        lambda register: register(module=Plain),
        lambda register: register("Plain", module=Plain),
        lambda register: register(force=True)(Plain),
    ],
)
def test_every_form_registers_and_returns_the_object_unchanged(decorator, apply):
    assert apply(getattr(HEADS, decorator)) is Plain
    assert HEADS.get("Plain") is Plain


@pytest.mark.parametrize("decorator", ["register", "register_module", "register_function"])
def test_constructor_functions_are_registered_under_their_own_name(decorator):
    def small_net(width=4):
        return Plain(width)

    assert getattr(NETWORKS, decorator)(small_net) is small_net
    assert NETWORKS.get("small_net") is small_net


def test_register_class_refuses_a_function_with_a_type_error():
    with pytest.raises(TypeError, match="register_class takes a class"):
        NETWORKS.register_class(lambda: None)
    with pytest.raises(OptionError, match="register_function takes a function"):
        NETWORKS.register_function(Plain)
    assert "Plain" not in NETWORKS


@pytest.mark.parametrize("wrong", [3, object(), {"name": "x"}, 2.5])
def test_what_cannot_be_called_is_refused(wrong):
    with pytest.raises(OptionError):
        NETWORKS.register(wrong)


@pytest.mark.parametrize("wrong", ["", " padded", "padded ", 7])
def test_a_name_that_no_config_could_hold_is_refused(wrong):
    with pytest.raises(OptionError):
        NETWORKS.register(Plain, name=wrong if isinstance(wrong, str) else [wrong])


def test_an_object_without_a_name_needs_one():
    import functools

    constructor = functools.partial(Plain, width=2)
    with pytest.raises(OptionError, match="name"):
        NETWORKS.register(constructor)
    NETWORKS.register(constructor, name="narrow")
    assert NETWORKS.get("narrow")().width == 2


def test_aliases_reach_the_same_object():
    HEADS.register(["First", "Second"], aliases=("Third",))(Plain)
    assert HEADS.get("First") is HEADS.get("Second") is HEADS.get("Third") is Plain


def test_an_unknown_option_of_the_decorator_names_the_nearest():
    with pytest.raises(OptionError, match="Did you mean 'force'"):
        HEADS.register(forse=True)


def test_two_names_or_two_objects_are_refused():
    with pytest.raises(OptionError, match="two names"):
        HEADS.register("A", name="B")
    with pytest.raises(OptionError, match="two objects"):
        HEADS.register(Plain, module=Plain)
    with pytest.raises(OptionError, match="aliases"):
        HEADS.register(Plain, aliases="A")


def test_a_taken_name_is_refused_and_the_store_left_as_it_was():
    HEADS.register(Plain, name="Taken")
    with pytest.raises(DuplicateNameError, match=r"(?s)'Taken'.*Plain.*force=True"):
        HEADS.register(dict, name="Free", aliases=["Taken"])
    assert HEADS.get("Taken") is Plain
    assert "Free" not in HEADS


def test_force_replaces():
    HEADS.register(Plain, name="Taken")
    HEADS.register(dict, name="Taken", force=True)
    assert HEADS.get("Taken") is dict


def test_the_same_definition_run_again_replaces_silently():
    first, second = redefined(), redefined()
    assert first is not second
    HEADS.register(first)
    HEADS.register(second)
    assert HEADS.get("Cell") is second


def test_one_name_may_live_in_several_kinds():
    HEADS.register(Plain, name="Identity")
    BACKBONES.register(dict, name="Identity")
    assert HEADS.get("Identity") is Plain
    assert BACKBONES.get("Identity") is dict


@pytest.mark.checklist("S3-11")
def test_models_sees_all_kinds_and_networks_first():
    HEADS.register(Plain, name="OnlyHead")
    assert MODELS.get("OnlyHead") is Plain
    HEADS.register(Plain, name="Both")
    NETWORKS.register(dict, name="Both")
    assert MODELS.get("Both") is dict
    assert MODELS.kinds_of("Both") == ("network", "head")


@pytest.mark.checklist("S3-11")
def test_a_name_in_several_kinds_but_no_network_is_ambiguous_and_the_kinds_are_named():
    HEADS.register(Plain, name="Same")
    BACKBONES.register(dict, name="Same")
    with pytest.raises(UnknownNameError, match="a backbone and a head"):
        MODELS.get("Same")


def test_models_registers_networks_unless_told_otherwise():
    MODELS.register(Plain)
    MODELS.register(dict, name="Other", kind="loss")
    assert MODELS.kinds_of("Plain") == ("network",)
    assert MODELS.kinds_of("Other") == ("loss",)
    with pytest.raises(UnknownNameError, match="Did you mean 'loss'"):
        MODELS.register(dict, name="Third", kind="los")
    with pytest.raises(OptionError, match="holds the kind 'head'"):
        HEADS.register(dict, name="Third", kind="loss")


def test_basecls_spelling_reaches_the_same_store():
    @registers.models.register()
    class Net:
        pass

    assert NETWORKS.get("Net") is Net


@pytest.mark.parametrize("keyword_only", [False, True])
def test_a_network_whose_constructor_takes_name_is_refused(keyword_only):
    if keyword_only:

        class Net:
            def __init__(self, *, name="x"):
                self.name = name
    else:

        class Net:
            def __init__(self, name):
                self.name = name

    with pytest.raises(OptionError, match=r"Net.*'name'.*model\.name"):
        NETWORKS.register(Net)
    with pytest.raises(OptionError, match="'name'"):
        NETWORKS.register(lambda name: None, name="net")
    assert HEADS.register(Net) is Net


def test_a_variadic_keyword_is_no_parameter_called_name():
    assert NETWORKS.register(lambda **name: None, name="net")


def test_backends_have_their_own_class_under_one_name():
    NETWORKS.register(Plain, name="Net", backend="torch")
    NETWORKS.register(dict, name="Net", backend="megengine")
    assert NETWORKS.get("Net", "torch") is Plain
    assert NETWORKS.get("Net", "megengine") is dict
    with pytest.raises(UnknownNameError, match="megengine and torch"):
        NETWORKS.get("Net")


def test_the_native_class_is_preferred_to_the_neutral_one():
    NETWORKS.register(Plain, name="Net")
    NETWORKS.register(dict, name="Net", backend="torch")
    assert NETWORKS.get("Net") is Plain
    assert NETWORKS.get("Net", "torch") is dict
    assert NETWORKS.get("Net", "megengine") is Plain


def test_a_name_for_another_backend_alone_is_an_error_that_names_it():
    NETWORKS.register(Plain, name="Net", backend="torch")
    with pytest.raises(UnknownNameError, match="exists for torch only, not for megengine"):
        NETWORKS.get("Net", "megengine")
    assert NETWORKS.get("Net") is Plain


def test_an_unknown_backend_is_refused_at_registration_and_lookup():
    with pytest.raises(PolyNetError, match="Did you mean 'torch'"):
        NETWORKS.register(Plain, backend="torhc")
    NETWORKS.register(Plain)
    with pytest.raises(PolyNetError, match="Did you mean 'torch'"):
        NETWORKS.get("Plain", "torhc")


def test_models_prefers_the_kind_that_the_backend_has():
    NETWORKS.register(Plain, name="Both", backend="torch")
    HEADS.register(dict, name="Both", backend="megengine")
    assert MODELS.get("Both", "torch") is Plain
    assert MODELS.get("Both", "megengine") is dict


def test_an_unknown_name_offers_the_nearest_whatever_its_case():
    HEADS.register(Plain, name="QuaintHead")
    with pytest.raises(KeyError, match=r"'quainthead' is not registered in heads\. Did you mean 'QuaintHead'"):
        HEADS.get("quainthead")
    with pytest.raises(UnknownNameError, match="There is a head of that name"):
        NETWORKS.get("QuaintHead")


@pytest.mark.parametrize("wrong", [None, 3, ["a"], {}])
def test_a_name_that_is_no_string_is_unknown(wrong):
    with pytest.raises(UnknownNameError):
        NETWORKS.get(wrong)
    assert wrong not in NETWORKS


def test_a_registry_of_an_unknown_kind_is_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'head'"):
        Registry("mine", "heed")


def test_temporary_undoes_everything_even_after_an_error():
    NETWORKS.register(Plain, name="Kept")

    def fail():
        NETWORKS.register(dict, name="Kept", force=True)
        NETWORKS.register(dict, name="Gone")
        raise RuntimeError

    with pytest.raises(RuntimeError), temporary():
        fail()
    assert NETWORKS.get("Kept") is Plain
    assert "Gone" not in NETWORKS


def test_threads_register_and_read_without_losing_a_name():
    failures = []

    def work(thread):
        try:
            for number in range(30):
                name = f"net_{thread}_{number}"
                NETWORKS.register(type(name, (), {}), name=name)
                assert NETWORKS.get(name).__name__ == name
                NETWORKS.list(f"net_{thread}_*")
        except Exception as error:  # noqa: BLE001 - handed to the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(NETWORKS.list("net_*")) == 120


def test_one_of_many_threads_wins_a_name():
    outcomes = []
    barrier = threading.Barrier(8)

    def work(number):
        barrier.wait()
        try:
            NETWORKS.register(type(f"Net{number}", (), {}), name="contested")
            outcomes.append("won")
        except DuplicateNameError:
            outcomes.append("lost")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]


def test_there_is_a_registry_for_every_kind():
    assert tuple(registry.kind for registry in vars(registers).values() if isinstance(registry, Registry)) == (
        None,
        *KINDS,
    )
    assert store.KINDS is KINDS
