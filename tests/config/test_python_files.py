from __future__ import annotations

import math
import sys

import pytest

from polynet.config import ClassReference, Config
from polynet.config.basecls import BASE, BASECLS_BASES
from polynet.config.python_file import read_python
from polynet.errors import ConfigError, ConfigTypeError
from polynet.registry import HEADS, temporary


def read(text):
    return read_python(text, "c.py")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("dict(a=1, **{'b': 2})", {"a": 1, "b": 2}),
        ("dict([('a', 1)], b=2)", {"a": 1, "b": 2}),
        ("{**base, 'x': 2, 0: 'zero'}", {"x": 2, "y": [1, 2], 0: "zero"}),
        ("base | {'x': 5}", {"x": 5, "y": [1, 2]}),
        ("[*base['y'], 3]", [1, 2, 3]),
        ("(*base['y'], 3)", (1, 2, 3)),
        ("list((1, 2))", [1, 2]),
        ("tuple([1, 2])", (1, 2)),
        ("set([1, 1])", {1}),
        ("{1, 2}", {1, 2}),
        ("range(3)", [0, 1, 2]),
        ("[0] * 3 + [1]", [0, 0, 0, 1]),
        ("[round(x) for x in (1.4, 2.6)]", [1, 3]),
        ("[base for base in (1, 2, 3) if base != 2] + [base['x']]", [1, 3, 1]),
        ("['layer{}.{}'.format(i, 'x') for i in range(2)]", ["layer0.x", "layer1.x"]),
        ("'a' + 'b' 'c'", "abc"),
        ("2 * 3 + 7 // 2 - 4 % 3", 8),
        ("2 ** 10", 1024),
        ("2 ** -1", 0.5),
        ("1 / 4", 0.25),
        ("-1.5", -1.5),
        ("~5", -6),
        ("not 0", True),
        ("1 < 2 <= 2", True),
        ("1 == 1.0 and 'a' != 'b'", True),
        ("2 in [1, 2] and 'b' not in 'cd'", True),
        ("None is None", True),
        ("1 if base['x'] else 2", 1),
        ("0 or 'x'", "x"),
        ("base['y'][-1]", 2),
        ("'resnet'[:3]", "res"),
        ("(1, 2, 3)[::2]", (1, 3)),
        ("f'{depth}-{0.5:.2f}-{name!r:>8}'", "50-0.50-   'net'"),
        ("float('inf')", math.inf),
        ("float('-inf')", -math.inf),
        ("int('3') + int(2.7) + round(2.5) + abs(-1)", 8),
        ("min(3, 2) + max([1, 5]) + sum((1, 2)) + len('abc')", 13),
        ("str(3) + str('a')", "3a"),
        ("bool([]) if False else bool(1)", True),
        ("True", True),
        ("math.pi", math.pi),
    ],
)
def test_expressions_mean_what_python_means(expression, value):
    found = read(f"import math\nbase = dict(x=1, y=[1, 2])\ndepth, name = 50, 'net'\nvalue = {expression}\n")["value"]
    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize(
    "expression",
    [
        "open('/etc/passwd')",
        "eval('1')",
        "exec('1')",
        "__import__('os')",
        "print(1)",
        "getattr(base, 'x')",
        "base.x",
        "().__class__",
        "''.join([])",
        "[x for x in 3]",
        "[x for x in 'ab']",
        "[x for x, y in ((1, 2),)]",
        "[0 for x in (1, 2) for y in (1, 2)]",
        "[[0 for y in range(99999)] for x in range(99999)]",
        "[x for x in (1, 2)] + [x]",
        "'{0.__class__}'.format(1)",
        "'{:>99999999}'.format(1)",
        "'{}'.format(base)",
        "'{}'.format()",
        "'{}'.format(x=1)",
        "{x: 1 for x in (1, 2)}",
        "(x for x in ())",
        "lambda: 1",
        "(y := 1)",
        "...",
        "b'x'",
        "1j",
        "undefined",
        "dict",
        "nothing_like_it(1)",
        "base['z']",
        "[1][3]",
        "1 / 0",
        "1 + 'a'",
        "'a' * 'b'",
        "'%d' % 1",
        "[1] - [1]",
        "1 << 3",
        "base @ base",
        "9 ** 9 ** 9",
        "10.0 ** 999",
        "2 ** 1000 * 2 ** 1000",
        "(-1) ** 0.5",
        "'a' * 10 ** 10",
        "[0] * 10 ** 9",
        "range(10 ** 12)",
        "range(0)[0]",
        "f'{1:999999999d}'",
        "f'{1:{base}}'",
        "f'{base}'",
        "int('x')",
        "int('9' * 5000)",
        "float([])",
        "round(1, 10 ** 9)",
        "[1] == [1]",
        "[1] < [2]",
        "{(1,): 2}",
        "{1.5: 2}",
        "{[]: 2}",
        "{(1, 2)}",
        "dict(a=1, **{'a': 2})",
        "dict(1)",
        "dict({}, {})",
        "{**[1]}",
        "[*1]",
        "list(5)",
        "len(5)",
        "sum(['a'])",
        "base[1:2]",
        "min()",
        "float()",
        "await x",
        "yield",
    ],
)
def test_what_is_not_data_is_refused_with_its_place(expression):
    with pytest.raises(ConfigError, match=r"^c\.py:2:\d+: "):
        read(f"base = dict(x=1)\nvalue = {expression}\n")


@pytest.mark.parametrize(
    "statement",
    [
        "for i in range(3): pass",
        "while True: pass",
        "if True: a = 1",
        "with x: pass",
        "try:\n    a = 1\nfinally:\n    pass",
        "raise SystemExit",
        "assert True",
        "print('x')",
        "base.x = 1",
        "base[0:1] = 1",
        "base[1.5] = 2",
        "a, b = 1, 2, 3",
        "a, *b = [1]",
        "a, b = 5",
        "del nothing",
        "del base['x']",
        "missing += 1",
        "global x",
        "x: int = undefined",
    ],
)
def test_statements_that_do_something_are_refused_with_their_place(statement):
    with pytest.raises(ConfigError, match=r"^c\.py:2:\d+: "):
        read(f"base = dict(x=1)\n{statement}\n")


def test_the_nearest_name_is_offered():
    with pytest.raises(ConfigError, match=r"'widht' is not defined above\. Did you mean 'width'"):
        read("width = 3\nx = widht\n")
    with pytest.raises(ConfigError, match=r"no key 'widht'\. Did you mean 'width'"):
        read("a = dict(width=3)\nx = a['widht']\n")


def test_statements_that_build_data():
    text = """
    '''A docstring.'''
    # a comment
    from __future__ import annotations
    a = b = [1]
    (c, [d, e]) = 1, (2, 3)
    f: int = 4
    g: str
    a += [2]
    model = dict(head=dict(width=1))
    model['head']['width'] *= 3
    steps = [0, 0]
    steps[-1] = 7
    gone = 1
    del gone
    _private = 5
    pass
    """
    assert read("\n".join(line[4:] for line in text.split("\n"))) == {
        "a": [1, 2],
        "b": [1],
        "c": 1,
        "d": 2,
        "e": 3,
        "f": 4,
        "model": {"head": {"width": 3}},
        "steps": [0, 7],
    }


def test_nothing_in_a_file_is_executed_or_imported(tmp_path, monkeypatch):
    (tmp_path / "trap_module.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "import trap_module\nfrom trap_module import Net\n@trap_module.run\nclass Trap(print('x')):\n    x = 1 / 0\n"
    text += "def trap(x=1 / 0):\n    raise SystemExit\nmodel = dict(name=Net, layer=trap_module.layers.Norm)\n"
    assert read(text) == {
        "model": {"name": ClassReference("trap_module:Net"), "layer": ClassReference("trap_module:layers.Norm")}
    }
    assert "trap_module" not in sys.modules


def test_imported_names_are_references_and_keys_are_not():
    text = "import package.nets as nets, math\nfrom package import heads as h, Net\nx = [nets.A, h.B, Net, math.inf]\n"
    assert read(text) == {
        "x": [
            ClassReference("package.nets:A"),
            ClassReference("package:heads.B"),
            ClassReference("package:Net"),
            math.inf,
        ]
    }


@pytest.mark.parametrize(
    "text",
    [
        "import os\nx = os\n",
        "import os\nx = os.system('true')\n",
        "from os import system\nx = system('true')\n",
        "class Head: pass\nx = Head\n",
        "def head(): pass\nx = dict(name=head)\n",
        "from .local import Head\nx = Head\n",
        "from os import *\nx = system\n",
        "dict = 3\nx = dict(a=1)\n",
    ],
)
def test_modules_local_classes_and_calls_of_imports_are_refused(text):
    with pytest.raises(ConfigError, match=r"^c\.py:2:"):
        read(text)


def test_a_reference_resolves_to_what_can_be_built_and_to_nothing_else():
    with temporary():
        HEADS.register(Config, name="Anything")
        assert ClassReference("polynet.config.mapping:Config").resolve() is Config
    for path in (
        "polynet.config.mapping:Config",
        "os:system",
        "subprocess:Popen",
        "polynet.config:nothing",
        "no_such:X",
    ):
        with pytest.raises(ConfigError, match=path):
            ClassReference(path).resolve()


@pytest.mark.parametrize("path", ["", "x", "a:", ":b", "a b:c", "a:b:c", "a.:b", "a:b()"])
def test_a_reference_reads_module_and_name(path):
    with pytest.raises(ConfigError, match="module:Name"):
        ClassReference(path)


def test_a_reference_cannot_be_changed_and_compares_by_its_path():
    reference = ClassReference("a.b:C")
    with pytest.raises(AttributeError):
        reference.path = "x:y"
    assert reference == ClassReference("a.b:C")
    assert len({reference, ClassReference("a.b:C"), ClassReference("a.b:D")}) == 2


BASECLS = """
from basecls.configs import {base}

_cfg = dict(
    batch_size=64,
    model=dict(name="mbnetv3_small_x075", head=dict(dropout_prob=0.1)),
    solver=dict(basic_lr=0.1),
)


class Cfg({base}):
    def __init__(self, values_or_file=None, **kwargs):
        super().__init__(_cfg)
        self.merge(values_or_file, **kwargs)
"""


def test_a_basecls_file_lies_over_its_family_and_the_base():
    config = Config(read(BASECLS.format(base="EffNetConfig")))
    assert config.batch_size == 64
    assert config.num_classes == 1000
    assert config.model == {"name": "mbnetv3_small_x075", "head": {"dropout_prob": 0.1}}
    assert config.solver.basic_lr == 0.1
    assert config.solver.max_epoch == 350
    assert config.loss == {"name": "CrossEntropy", "label_smooth": 0.1}
    assert config.preprocess.img_mean == (103.53, 116.28, 123.675)


@pytest.mark.parametrize(
    ("base", "batch", "decay"), [("MBConfig", 64, 4e-5), ("SNetConfig", 64, 4e-5), ("ViTConfig", 64, 0.05)]
)
def test_families_bring_their_own_defaults(base, batch, decay):
    config = read(BASECLS.format(base=base))
    assert config["batch_size"] == batch
    assert config["solver"]["weight_decay"][-1] == decay


def test_reading_does_not_change_the_defaults():
    before = Config(BASE)
    config = Config(read(BASECLS.format(base="BaseConfig")))
    config.solver.basic_lr = 9
    assert before == BASE
    assert set(BASECLS_BASES) >= {"BaseConfig", "ResNetConfig", "VGGConfig", "EffNetLiteConfig", "ResMLPConfig"}


def test_cfg_may_derive_from_a_class_of_the_file_or_from_nothing():
    text = BASECLS.format(base="Mine").replace("_cfg = ", "class Mine(configs.MBConfig): pass\n_cfg = ")
    assert read(text)["solver"]["max_epoch"] == 150
    assert read("_cfg = dict(a=1)\nclass Cfg: pass\n") == {"a": 1}
    assert read("_cfg = dict(a=1)\nclass Cfg(ConfigDict): pass\n") == {"a": 1}
    assert read("_cfg = dict(a=1)\nother = 2\n") == {"a": 1}


def test_an_alias_of_a_base_is_followed():
    text = BASECLS.replace("import {base}", "import MBConfig as Known").format(base="Known")
    assert read(text)["solver"]["max_epoch"] == 150


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        (BASECLS.format(base="ResNetCfg"), ConfigError, "'ResNetCfg' is not known.*ResNetConfig"),
        ("class Cfg(BaseConfig): pass\n", ConfigError, "lacks its `_cfg"),
        ("_cfg = [1]\n", ConfigTypeError, "`_cfg` is a dict"),
        ("_cfg = dict()\nclass Cfg(make()): pass\n", ConfigError, "not known"),
        ("_cfg = dict()\nclass Cfg(A): pass\nclass A(Cfg): pass\n", None, None),
    ],
)
def test_broken_basecls_files(text, error, match):
    if error is None:
        assert read(text) == {}
        return
    with pytest.raises(error, match=match):
        read(text)


def test_the_seed_config_with_a_class_for_its_head_reads():
    text = "from my_nets import AlexNetHead\n"
    text += "_cfg = dict(num_classes=10, model=dict(name='AlexNet', head=dict(name=AlexNetHead)))\n"
    assert read(text)["model"]["head"]["name"] == ClassReference("my_nets:AlexNetHead")
