from __future__ import annotations

import importlib
import importlib.metadata
import subprocess
import sys
import textwrap

import pytest

from polynet.errors import ConfigTypeError, DuplicateNameError, UnknownNameError
from polynet.models.index import INDEX
from polynet.registry import HEADS, KINDS, MODELS, NETWORKS, add_index, store, temporary

ROWS = [(kind, module, name) for kind, modules in INDEX.items() for module, names in modules.items() for name in names]


@pytest.fixture(autouse=True)
def _clean_store():
    with temporary():
        yield


@pytest.fixture
def make_module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(name, source):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        importlib.invalidate_caches()
        made.append(name)
        return name

    yield make
    for name in made:
        sys.modules.pop(name, None)


def test_the_shipped_index_is_well_formed():
    assert set(INDEX) <= set(KINDS)
    for kind in INDEX:
        names = [name for row_kind, _, name in ROWS if row_kind == kind]
        assert len(names) == len(set(names)), f"a {kind} is announced twice"


def test_every_indexed_module_registers_exactly_what_the_index_says():
    modules = {module for _, module, _ in ROWS}
    for module in sorted(modules):
        importlib.import_module(module)
    registered = {
        (key.kind, own.module, key.name) for key, own in store._built_in.items() if own.module.startswith("polynet.")
    }
    assert registered == set(ROWS)
    unannounced = [key for key, target in store._added.items() if target.__module__ in modules]
    assert unannounced == []


def test_listing_and_membership_import_nothing(make_module):
    make_module("lazy_head", "raise SystemExit('imported')")
    add_index({"head": {"lazy_head": ("LazyHead", "OtherLazyHead")}})
    assert "LazyHead" in HEADS
    assert HEADS.list("*LazyHead", exclude="Other*") == ["LazyHead"]
    assert len(MODELS) >= 2
    assert "LazyHead" in str(MODELS)
    assert "lazy_head" not in sys.modules


def test_lookup_imports_the_one_module_that_defines_the_name(make_module):
    source = """
        from polynet.registry import HEADS
        @HEADS.register
        class {0}: ...
    """
    make_module("first_lazy", source.format("First"))
    make_module("second_lazy", source.format("Second"))
    add_index({"head": {"first_lazy": ["First"], "second_lazy": ["Second"]}})
    found = HEADS.get("First")
    assert found is sys.modules["first_lazy"].First
    assert "second_lazy" not in sys.modules


def test_what_an_indexed_module_registered_survives_a_temporary_block(make_module):
    make_module("kept_lazy", "from polynet.registry import HEADS\n@HEADS.register\nclass Kept: ...\n")
    add_index({"head": {"kept_lazy": ("Kept",)}})
    with temporary():
        first = HEADS.get("Kept")
    assert HEADS.get("Kept") is first


def test_a_reexported_class_belongs_to_the_module_that_registers_it(make_module):
    make_module("defines_it", "class Shared: ...\n")
    make_module(
        "registers_it",
        "from defines_it import Shared\nfrom polynet.registry import HEADS\nHEADS.register(Shared)\n",
    )
    add_index({"head": {"registers_it": ("Shared",)}})
    with temporary():
        first = HEADS.get("Shared")
    assert HEADS.get("Shared") is first


def test_an_indexed_name_is_taken_before_it_is_imported(make_module):
    make_module("owner", "from polynet.registry import HEADS\n@HEADS.register\nclass Owned: ...\n")
    add_index({"head": {"owner": ("Owned",)}})
    with pytest.raises(DuplicateNameError, match="owner, which ships it"):
        HEADS.register(dict, name="Owned")
    HEADS.register(dict, name="Owned", force=True)
    assert HEADS.get("Owned") is dict
    importlib.import_module("owner")
    assert HEADS.get("Owned") is dict


def test_a_native_class_may_stand_beside_an_indexed_neutral_one(make_module):
    make_module("neutral_owner", "from polynet.registry import HEADS\n@HEADS.register\nclass Beside: ...\n")
    add_index({"head": {"neutral_owner": ("Beside",)}})
    HEADS.register(dict, name="Beside", backend="torch")
    assert HEADS.get("Beside", "torch") is dict
    assert HEADS.get("Beside", "megengine") is sys.modules["neutral_owner"].Beside


def test_a_module_that_does_not_register_its_announced_name_is_an_error(make_module):
    make_module("empty_promise", "")
    add_index({"head": {"empty_promise": ("Missing",)}})
    with pytest.raises(UnknownNameError, match=r"empty_promise.*'Missing'.*does not"):
        HEADS.get("Missing")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (["head"], ConfigTypeError),
        ({"head": ["module"]}, ConfigTypeError),
        ({"head": {"module": "Name"}}, ConfigTypeError),
        ({"hat": {"module": ("Name",)}}, UnknownNameError),
        ({"head": {"one": ("New", "Same"), "two": ("Same",)}}, DuplicateNameError),
    ],
)
def test_a_malformed_index_is_refused_whole(wrong, error):
    with pytest.raises(error):
        add_index(wrong)
    assert "New" not in HEADS


def test_where_gives_file_and_line_without_importing(make_module, tmp_path):
    make_module("placed", "import os\n\n\nclass Placed:\n    pass\n")
    add_index({"head": {"placed": ("Placed", "generated")}})
    assert HEADS.where("Placed") == f"{tmp_path / 'placed.py'}:4"
    assert HEADS.where("generated") == str(tmp_path / "placed.py")
    assert "placed" not in sys.modules


def test_where_finds_a_registered_class_and_function():
    @NETWORKS.register
    def placed_function():
        pass

    NETWORKS.register(textwrap.TextWrapper, name="wrapper")
    assert NETWORKS.where("placed_function").startswith(f"{__file__}:")
    path, _, line = NETWORKS.where("wrapper").rpartition(":")
    assert path == textwrap.__file__
    assert int(line) > 1


class FakeEntryPoint:
    def __init__(self, name, loaded):
        self.name, self.value, self._loaded = name, f"{name}:INDEX", loaded

    def load(self):
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


@pytest.fixture
def plugins(monkeypatch):
    points = []
    real = importlib.metadata.entry_points
    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda **query: points if query.get("group") == "polynet.models" else real(**query),
    )
    monkeypatch.setattr(store, "_loaded_sources", store._loaded_sources - {"plug-ins"})
    return points


def test_a_plugin_is_asked_only_when_a_name_is_not_found(plugins, make_module):
    make_module("plugged", "from polynet.registry import HEADS\n@HEADS.register\nclass Plugged: ...\n")
    plugins.append(FakeEntryPoint("mine", {"head": {"plugged": ("Plugged",)}}))
    HEADS.register(dict, name="Here")
    assert HEADS.get("Here") is dict
    assert "plug-ins" not in store._loaded_sources
    assert HEADS.get("Plugged").__module__ == "plugged"


def test_a_broken_plugin_is_a_warning_and_hides_no_other(plugins):
    plugins.append(FakeEntryPoint("broken", ImportError("no such package")))
    plugins.append(FakeEntryPoint("sound", {"head": {"nowhere": ("FromPlugin",)}}))
    with pytest.warns(RuntimeWarning, match=r"'broken'.*no such package"):
        names = HEADS.list()
    assert "FromPlugin" in names


def test_importing_the_registry_is_cheap_and_brings_no_heavy_package():
    program = textwrap.dedent("""
        import sys
        import polynet.registry
        heavy = {"numpy", "attr", "attrs", "rich", "yaml", "torch", "megengine", "inspect", "ast", "polynet.config",
                 "importlib.metadata", "polynet.backend"}
        print(sorted(heavy & set(sys.modules)))
    """)
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import sys; sys.path[:] = " + repr(sys.path) + program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
