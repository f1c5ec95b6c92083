"""Parsing and dispatch. Every command imports what it needs when it runs, so that `polynet list` stays quick."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

from polynet.errors import BackendUnavailableError, PolyNetError, suggest

OK, DIFFERENT, WRONG = 0, 1, 2

_DESCRIPTION = """\
Define a neural network once; build it as a real PyTorch or MegEngine module, provably the same."""

_EPILOG = """\
examples:
  polynet list 'resne?t*'                                what there is
  polynet show resnet50                                  parameters, multiply-adds, stages; needs no framework
  polynet build resnet50 num_classes=10 --backend torch  build it and print a summary
  polynet parity configs/resnet/resnet50.py              prove that both builds are the same network
  polynet train configs/fashion_mnist/resnet8.py --backend torch
  polynet convert resnet50.pkl resnet50.safetensors --model resnet50

`polynet COMMAND --help` says what each takes.

exit codes: 0 success; 1 a check failed (parity, demo) or nothing was found (list); 2 wrong input, a missing framework
or an exception in a class of your own (polynet --traceback COMMAND … shows where it came from); 130 interrupted"""

_OPTIONS_HELP = "options of a named model: num_classes=10; keys of a config: num_classes=10, model.head.width=64"


def _parser() -> tuple[argparse.ArgumentParser, tuple[str, ...]]:
    """The parser, and the names of the commands."""
    parser = argparse.ArgumentParser(
        prog="polynet",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument(
        "--traceback", action="store_true", help="show where an exception of your own code came from, call by call"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, summary: str, example: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("--json", action="store_true", help="print JSON instead of a table")
        return command

    command = add("list", "list registered names", "polynet list 'vit*' --max-params 25M")
    command.add_argument("pattern", nargs="?", default="*", help="wildcard pattern (default: all)")
    command.add_argument("--kind", help="only this kind: network, backbone, head, loss … or hook, dataset …")
    command.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="leave these names out")
    command.add_argument("--backend", help="only what can be built on this framework")
    command.add_argument("--family", help="only networks of this family, with their sizes: resnet")
    command.add_argument("--max-params", metavar="NUMBER", help="only networks of at most so many parameters: 25M")
    command.add_argument("--pretrained", action="store_true", help="list the known weights, as name.tag")
    _add_import(command)

    command = add("show", "describe a network without a framework", "polynet show resnet50 num_classes=10")
    _add_model(command)
    command.add_argument(
        "--input-size", metavar="CxHxW", help="shape of one input: 3x224x224 (default: the network's own)"
    )
    command.add_argument("--input-dtype", default="float32", help="int64 for a network of words (default: float32)")

    command = add("build", "build a network and print a summary", "polynet build resnet18 --backend megengine")
    _add_model(command)
    command.add_argument("--backend", help="torch or megengine; needed where both are installed")
    command.add_argument("--device", help="cpu, cuda, cuda:1, auto (default: the framework's)")
    command.add_argument("--seed", type=int, default=0, help="seed of the initial weights (default: 0)")
    command.add_argument("--weights", metavar="FILE", help="checkpoint to load, of any known format and layout")
    command.add_argument("--output", metavar="FILE", help="write the weights to this file (.safetensors, .pth or .pkl)")

    command = add("parity", "prove that two builds are the same network", "polynet parity configs/resnet/resnet18.py")
    _add_model(command)
    command.add_argument("--backends", default="torch,megengine", help="the two to compare (default: torch,megengine)")
    command.add_argument("--seed", type=int, default=0, help="seed of weights and inputs (default: 0)")
    command.add_argument("--batch-size", type=int, default=2, help="images per batch (default: 2)")
    command.add_argument(
        "--input-size", metavar="CxHxW", help="shape of one input (default: 3x64x64, or the network's own if it must)"
    )
    command.add_argument("--steps", type=int, default=3, help="steps of each optimiser (default: 3)")
    command.add_argument("--relative", type=float, default=1e-5, help="relative tolerance (default: 1e-5)")

    command = add(
        "convert",
        "convert a checkpoint between file formats and layouts",
        "polynet convert resnet50.pkl resnet50.safetensors --from basecls --to timm",
    )
    command.add_argument("input", help="checkpoint to read: .safetensors, .pth, .pt, .pkl")
    command.add_argument("output", help="checkpoint to write; the suffix decides the format")
    command.add_argument(
        "--model",
        nargs="+",
        metavar=("NAME|CONFIG", "KEY=VALUE"),
        help="network the weights are of, and options of it, as for `polynet show` (default: found from the weights)",
    )
    _add_import(command)
    command.add_argument(
        "--from", dest="source", metavar="LAYOUT", help="layout of the input (default: found from its keys)"
    )
    command.add_argument(
        "--to",
        dest="target",
        default="polynet",
        metavar="LAYOUT",
        help="layout of the output: polynet, basecls, torchvision, timm … (default: polynet)",
    )
    command.add_argument(
        "--ema", action="store_true", help="take the moving average of a training checkpoint, not its weights"
    )
    command.add_argument(
        "--deploy", action="store_true", help="merge the parallel branches of RepVGG, MobileOne or RepLKNet"
    )

    command = add(
        "train", "train a network as its config says", "polynet train configs/fashion_mnist/resnet8.py --backend torch"
    )
    _add_recipe(command)
    command.add_argument(
        "--resume",
        nargs="?",
        const=True,
        default=False,
        metavar="FILE",
        help="go on from the newest checkpoint of the folder, or from this one",
    )
    command.add_argument("--load-from", metavar="FILE", help="start from these weights, unless a run is resumed")

    command = add(
        "eval", "measure trained weights", "polynet eval configs/fashion_mnist/resnet8.py --backend megengine"
    )
    _add_recipe(command)
    command.add_argument(
        "--weights", metavar="FILE", help="weights to measure (default: the folder's newest checkpoint)"
    )
    command.add_argument("--ema", action="store_true", help="measure the moving average in a training checkpoint")

    add("env", "say what is installed and which devices there are", "polynet env --json")

    command = add("demo", "prove, classify and train on both frameworks with real data", "polynet demo")
    command.add_argument(
        "--output", default="polynet-demo", metavar="FOLDER", help="folder for the plot (default: polynet-demo)"
    )
    return parser, tuple(commands.choices)


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="NAME|CONFIG", help="a registered name or the path of a config file")
    command.add_argument("options", nargs="*", default=[], metavar="KEY=VALUE", help=_OPTIONS_HELP)
    _add_import(command)


def _add_recipe(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="CONFIG|NAME", help="the path of a config file, or a registered name")
    command.add_argument(
        "options", nargs="*", default=[], metavar="KEY=VALUE", help="keys of the config: solver.max_epoch=10"
    )
    _add_import(command)
    command.add_argument("--backend", help="torch or megengine; needed where both are installed")
    command.add_argument("--device", help="cpu, cuda, cuda:1, auto (default: the config's, else auto)")
    command.add_argument(
        "--work-dir", metavar="FOLDER", help="where checkpoints and logs are (default: the config's, or work_dirs/NAME)"
    )
    command.add_argument(
        "--launcher",
        choices=("auto", "none", "pytorch", "slurm"),
        default="auto",
        help="what started this process, where several train together (default: found from its environment)",
    )


def _add_import(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--import",
        dest="imports",
        action="append",
        default=[],
        metavar="MODULE|FILE.py",
        help="import this first, for what it registers; looked for in the current and the config's directory, too",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words after `polynet`; the process's own by default.

    Returns:
        Exit code: 0 success, 1 a check failed, 2 wrong input, 130 interrupted.
    """
    parser, commands = _parser()
    words = sys.argv[1:] if arguments is None else arguments
    command_word = next((word for word in words if not word.startswith("-")), None)
    if command_word is not None and command_word not in commands:
        near = suggest(command_word, commands, limit=1)
        parser.error(f"There is no command {command_word!r}; the commands are {', '.join(commands)}.{near}")
    options, rest = parser.parse_known_args(words)
    if rest:
        # argparse takes no KEY=VALUE after an option: `polynet build resnet18 --backend torch num_classes=10`.
        # What has no `=` is answered by the command, as it is where it stands before all options.
        if any(word.startswith("-") for word in rest) or not hasattr(options, "options"):
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        options.options = [*options.options, *rest]
    if options.version:
        from polynet import __version__

        print(__version__)  # noqa: T201 - a command prints
        return OK
    if options.command is None:
        parser.print_help()
        return WRONG
    command = importlib.import_module(f"polynet.cli.{options.command}_command")
    try:
        return _run(command, options)
    except PolyNetError as error:
        if options.traceback:
            traceback.print_exception(type(error), error, error.__traceback__)
        message = str(error)
        is_choice = isinstance(error, BackendUnavailableError) and getattr(options, "backend", "") is None
        if is_choice and (choice := _choice_of_backend()):
            message = choice
        elif not getattr(options, "imports", True):
            from polynet.cli.imports import explained

            message = explained(error)
        print(f"polynet {options.command}: {message}", file=sys.stderr)  # noqa: T201 - a command prints
        return WRONG
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone (`polynet list | head`); what Python flushes at exit must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        from polynet.cli.failures import told

        line = None if options.traceback else told(error)
        if line is None:
            raise
        print(f"polynet {options.command}: {line}", file=sys.stderr)  # noqa: T201 - a command prints
        return WRONG


def _choice_of_backend() -> str | None:
    """What to write where several frameworks are installed and none was chosen; `None` where that is not what fails."""
    from polynet.backend import active_name, installed_backends

    installed = installed_backends()
    if active_name() is not None or len(installed) < 2:
        return None
    choices = " or ".join(f"--backend {name}" for name in installed)
    return f"{' and '.join(installed)} are installed. Choose one: {choices}."


def _run(command: ModuleType, options: argparse.Namespace) -> int:
    """Run a command, its imports first."""
    names = getattr(options, "imports", ())
    if not names:
        return int(command.run(options))
    from polynet.cli.imports import imported

    model = getattr(options, "model", None)
    backend = getattr(options, "backend", None)
    backends = options.backends.split(",") if hasattr(options, "backends") else [backend] if backend else []
    with imported(names, model[0] if isinstance(model, list) else model, backends):
        return int(command.run(options))
