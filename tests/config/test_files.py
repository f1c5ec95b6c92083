from __future__ import annotations

import pytest

from polynet.config import Config
from polynet.config.limits import MAX_BYTES
from polynet.errors import ConfigError, ConfigFileError, ConfigTypeError

TEXTS = {
    "c.yaml": "model:\n  name: resnet18\n  head: {width: 0}\nrate: 1e-3\n",
    "c.yml": "{model: {name: resnet18, head: {width: 0}}, rate: 0.001}",
    "c.json": '{"model": {"name": "resnet18", "head": {"width": 0}}, "rate": 0.001}',
    "c.toml": 'rate = 1e-3\n[model]\nname = "resnet18"\nhead = {width = 0}\n',
    "c.py": "'''A config.'''\nmodel = dict(name='resnet18', head=dict(width=0))\nrate = 1e-3\n",
    "basecls.py": "_cfg = dict(model=dict(name='resnet18', head=dict(width=0)), rate=1e-3)\n",
}


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("name", TEXTS)
def test_every_format_gives_the_same_config(write, name):
    config = Config.fromfile(write(name, TEXTS[name]))
    assert config == {"model": {"name": "resnet18", "head": {"width": 0}}, "rate": 0.001}
    assert type(config.model.head) is Config


def test_overrides_lie_over_the_file(write):
    config = Config.fromfile(str(write("c.yaml", TEXTS["c.yaml"])), ["model.head.width=64", "new.key=null"])
    assert config.model.head.width == 64
    assert config.new.key is None


def test_merging_a_path_merges_the_file(write):
    assert Config(model={"depth": 1}).merge(write("c.json", TEXTS["c.json"])).model == {
        "depth": 1,
        "name": "resnet18",
        "head": {"width": 0},
    }


def test_an_empty_yaml_file_is_an_empty_config(write):
    assert Config.fromfile(write("c.yaml", "# nothing yet\n")) == {}


def test_a_byte_order_mark_is_no_content(write):
    assert Config.fromfile(write("c.json", b"\xef\xbb\xbf{}")) == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        (".5", 0.5),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-01-31", "2026-01-31"),
        (".inf", float("inf")),
        ("'1e-3'", "1e-3"),
        ("yes", True),
        ("~", None),
        ("=", "="),
    ],
)
def test_plain_yaml_values_mean_what_they_look_like(write, text, value):
    found = Config.fromfile(write("c.yaml", f"value: {text}\n")).value
    assert type(found) is type(value)
    assert found == value


def test_toml_dates_are_text(write):
    assert Config.fromfile(write("c.toml", "when = [2026-01-31]")).when == ["2026-01-31"]


def test_bases_lie_below_in_their_order(write, tmp_path):
    write("bases/one.yaml", "model: {name: one, depth: 1}\nonly_one: true\n")
    write("bases/two.json", '{"_base_": "nested/three.toml", "model": {"name": "two"}}')
    write("bases/nested/three.toml", "[model]\nname = 'three'\nwidth = 3\n")
    path = write("c.py", "_base_ = ['bases/one.yaml', './bases/two.json']\nmodel = dict(head=None)\n")
    assert Config.fromfile(path) == {
        "model": {"name": "two", "depth": 1, "width": 3, "head": None},
        "only_one": True,
    }


@pytest.mark.parametrize("key", ["_base_", "_BASE"])
def test_a_base_may_be_a_single_path(write, key):
    write("b.yaml", "a: 1\n")
    assert Config.fromfile(write("c.yaml", f"{key}: b.yaml\nb: 2\n")) == {"a": 1, "b": 2}


def test_delete_replaces_what_a_base_says(write):
    write("b.yaml", "model: {name: one, depth: 1}\nlist: [1]\n")
    path = write("c.yaml", "_base_: b.yaml\nmodel: {_delete_: true, name: two}\n")
    assert Config.fromfile(path) == {"model": {"name": "two"}, "list": [1]}
    path = write("d.yaml", "_base_: b.yaml\n_delete_: true\nmodel: {name: two}\n")
    assert Config.fromfile(path) == {"model": {"name": "two"}}


def test_one_base_reached_by_two_ways_is_no_cycle(write):
    write("base.yaml", "a: {b: 1}\n")
    write("left.yaml", "_base_: base.yaml\nleft: 1\n")
    write("right.yaml", "_base_: base.yaml\na: {b: 2}\n")
    assert Config.fromfile(write("c.yaml", "_base_: [left.yaml, right.yaml, base.yaml]\n")) == {
        "a": {"b": 1},
        "left": 1,
    }


def test_many_ways_to_one_base_cost_no_more_than_the_files(write):
    for number in range(40):
        write(f"{number}.yaml", f"_base_: [{number + 1}.yaml, {number + 1}.yaml]\nlevel: {number}\n")
    write("40.yaml", "bottom: 1\n")
    assert Config.fromfile(write("c.yaml", "_base_: 0.yaml\n")) == {"bottom": 1, "level": 0}


def test_a_cycle_of_bases_names_the_chain(write, tmp_path):
    write("a.yaml", "_base_: b.json\n")
    write("b.json", '{"_base_": "c.py"}')
    write("c.py", "_base_ = 'a.yaml'\n")
    with pytest.raises(ConfigError, match=r"a\.yaml -> .*b\.json -> .*c\.py -> .*a\.yaml"):
        Config.fromfile(tmp_path / "a.yaml")
    with pytest.raises(ConfigError, match="lead back"):
        Config.fromfile(write("self.yaml", "_base_: ./self.yaml\n"))


def test_a_missing_base_names_both_files(write):
    write("base_one.yaml", "")
    path = write("c.yaml", "_base_: base_oen.yaml\n")
    with pytest.raises(ConfigFileError, match=r"c\.yaml.*'base_oen\.yaml'.*Did you mean 'base_one\.yaml'"):
        Config.fromfile(path)


@pytest.mark.parametrize("base", ["3", "[1]", "{a: b}", "['']", "null"])
def test_a_base_that_is_no_path_is_refused(write, base):
    with pytest.raises(ConfigTypeError, match="`_base_` is a path"):
        Config.fromfile(write("c.yaml", f"_base_: {base}\n"))


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("c.yaml", "a: 1\nb: [1, 2\n", "c.yaml:3:1"),
        ("c.yaml", "a: 1\na: 2\n", "c.yaml:2:1.*given twice"),
        ("c.yaml", "a: !!python/object/apply:os.system ['true']\n", "c.yaml:1:4"),
        ("c.yaml", "a: *nowhere\n", "c.yaml:1:4"),
        ("c.yaml", "? [1, 2]\n: 3\n", "c.yaml:1:3.*plain value"),
        ("c.json", '{"a": 1,\n "b" 2}', "c.json:2:6"),
        ("c.json", '{"a": 1, "a": 2}', "c.json.*'a' is given twice"),
        ("c.toml", "a = 1\nb = \n", "c.toml.*line 2"),
        ("c.py", "a = 1\nb = (\n", "c.py:2:"),
        ("c.py", "a = 1\nb = a.c\n", "c.py:2:5"),
    ],
)
def test_a_damaged_file_gives_file_line_and_column(write, name, text, place):
    with pytest.raises(ConfigError, match=place.replace(".", r"\.").replace(r"\.*", ".*")):
        Config.fromfile(write(name, text))


@pytest.mark.parametrize(
    ("name", "text"),
    [("c.yaml", "- 1\n"), ("c.yaml", "text"), ("c.json", "[1]"), ("c.json", "null"), ("c.py", "_cfg = 3")],
)
def test_a_file_that_holds_no_mapping_is_refused(write, name, text):
    with pytest.raises(ConfigTypeError):
        Config.fromfile(write(name, text))


def test_missing_files_offer_a_near_one(write):
    path = write("resnet18.yaml", "")
    with pytest.raises(ConfigFileError, match=r"no config file.*Did you mean 'resnet18\.yaml'"):
        Config.fromfile(path.with_name("resnet81.yaml"))
    with pytest.raises(OSError, match="no config file"):
        Config.fromfile(path.with_name("none.json"))


@pytest.mark.parametrize("path", ["a\x00b.yaml", "x" * 5000 + ".yaml", "", ".", "/", "/dev/null"])
def test_paths_of_no_file_are_refused(path):
    with pytest.raises(ConfigFileError):
        Config.fromfile(path)


@pytest.mark.parametrize("path", [3, None, b"c.yaml", ["c.yaml"]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ConfigTypeError):
        Config.fromfile(path)


def test_a_folder_a_pipe_and_an_unknown_ending_are_refused(write, tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    for path in (tmp_path / "folder.yaml", tmp_path / "endless.yaml", write("c.ini", "a=1"), write("config", "")):
        with pytest.raises(ConfigFileError):
            Config.fromfile(path)


def test_text_that_is_not_utf8_gives_the_line(write):
    with pytest.raises(ConfigFileError, match=r"c\.yaml:2: .*UTF-8"):
        Config.fromfile(write("c.yaml", b"a: 1\nb: \xff\n"))


def test_a_file_beyond_the_limit_is_refused_unread(write):
    with pytest.raises(ConfigFileError, match="larger"):
        Config.fromfile(write("c.json", b" " * (MAX_BYTES + 1)))


NESTED = 3000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.yaml", "[" * NESTED + "]" * NESTED),
        ("c.yaml", "- " * NESTED + "1"),
        ("c.yaml", "a: " + "{a: " * NESTED + "1" + "}" * NESTED),
        ("c.json", '{"a": ' * NESTED + "1" + "}" * NESTED),
        ("c.json", '{"a": ' + "[" * 100_000),
        ("c.toml", "a = " + "[" * NESTED + "]" * NESTED),
        ("c.toml", ".".join("a" * NESTED) + " = 1"),
        ("c.toml", "[" + ".".join("a" * NESTED) + "]"),
        ("c.py", "a = " + "[" * 150 + "]" * 150),
        ("c.py", "a = " + "-" * 100_000 + "1"),
        ("c.py", "a = 1" + " + 1" * 10_000),
        ("c.py", "a = 1" + "[0]" * 10_000),
        ("c.py", "a = b" + ".c" * 10_000),
        ("c.py", "a = f" + "()" * 10_000),
        ("c.py", "a = " + "1 if 1 else " * 10_000 + "1"),
    ],
)
def test_deep_nesting_is_an_error_and_not_a_crash(write, name, text):
    with pytest.raises(ConfigError):
        Config.fromfile(write(name, text))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [0, 0, 0, 0, 0, 0, 0, 0, 0]\n"
        + "".join(f"{y}: &{y} [{', '.join(['*' + x] * 9)}]\n" for x, y in zip("abcdefghi", "bcdefghij", strict=True)),
        "a: &a {x: 1}\n"
        + "".join(
            f"k{n}: &k{n} {{<<: [{', '.join(['*' + ('a' if n == 0 else f'k{n - 1}')] * 9)}]}}\n" for n in range(12)
        ),
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "a: &a {<<: *a}\n",
        "a: &a\n  <<: [*a, *a]\n",
    ],
)
def test_aliases_that_expand_without_end_are_refused(write, text):
    with pytest.raises(ConfigError):
        Config.fromfile(write("c.yaml", text))


def test_ordinary_aliases_and_merge_keys_work(write):
    text = "base: &base {x: 1, y: 2}\nmine: {<<: *base, y: 3}\nlist: [*base, *base]\n"
    assert Config.fromfile(write("c.yaml", text)) == {
        "base": {"x": 1, "y": 2},
        "mine": {"x": 1, "y": 3},
        "list": [{"x": 1, "y": 2}, {"x": 1, "y": 2}],
    }
