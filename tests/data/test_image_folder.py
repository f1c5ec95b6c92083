from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.data import DATASETS
from polynet.data.datasets import ImageFolder
from polynet.data.datasets.openmmlab import CustomDataset, ImageNet
from polynet.data.loader import DataLoader, build_loader
from polynet.data.transforms import build_pipeline
from polynet.errors import DatasetError, DatasetNotFoundError, InputError, OptionError, SampleError

image_module = pytest.importorskip("PIL.Image")


def picture(mode: str = "RGB", size: tuple[int, int] = (20, 16), value: int = 100) -> Any:
    pixels = (np.indices((size[1], size[0])).sum(0) * 5 + value).clip(0, 255).astype(np.uint8)
    return image_module.fromarray(pixels).convert(mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in (("dog", 2), ("cat", 3)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for index in range(count):
            picture(value=40 * index).save(tmp_path / "images" / name / f"{index}.png")
    (tmp_path / "images" / "cat" / "notes.txt").write_text("no image")
    return tmp_path / "images"


def test_classes_and_images_come_in_order(folder: Path) -> None:
    (folder / "cat" / "deep").mkdir()
    picture().save(folder / "cat" / "deep" / "x.JPG")
    dataset = ImageFolder(folder)
    assert dataset.classes == ("cat", "dog")
    assert [Path(path).name for path, _ in dataset.samples] == ["0.png", "1.png", "2.png", "x.JPG", "0.png", "1.png"]
    assert dataset.labels.tolist() == [0, 0, 0, 0, 1, 1]
    image, label = dataset[4]
    assert image.dtype == np.uint8
    assert image.shape == (3, 16, 20)
    assert label == 1


def test_torchvision_finds_the_same(folder: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    theirs = torchvision.datasets.ImageFolder(folder)
    ours = ImageFolder(folder)
    assert ours.samples == theirs.samples
    assert ours.class_to_idx == theirs.class_to_idx
    for (image, label), (other, other_label) in zip(ours, theirs, strict=True):
        assert np.array_equal(image, np.asarray(other).transpose(2, 0, 1))
        assert label == other_label


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P", "1", "LA", "I;16"])
def test_every_mode_becomes_rgb(folder: Path, mode: str) -> None:
    (folder / "only").mkdir()
    endings = {"CMYK": "tif", "I;16": "png"}
    pixels = picture("L")
    image = image_module.fromarray(np.asarray(pixels).astype(np.uint16)) if mode == "I;16" else pixels.convert(mode)
    options = {"transparency": 0} if mode == "P" else {}
    image.save(folder / "only" / f"x.{endings.get(mode, 'png')}", **options)
    image, _ = ImageFolder(folder)[-1]
    assert image.shape == (3, 16, 20)
    assert image.dtype == np.uint8


def test_the_exif_orientation_is_followed_where_asked(folder: Path) -> None:
    exif = image_module.Exif()
    exif[0x0112] = 6
    picture().save(folder / "cat" / "0.jpg", exif=exif)
    assert ImageFolder(folder, extensions=[".jpg", "1.png"])[0][0].shape == (3, 16, 20)
    assert ImageFolder(folder, extensions=[".jpg", "1.png"], orient=True)[0][0].shape == (3, 20, 16)


def test_a_draft_is_smaller_but_not_too_small(folder: Path) -> None:
    picture(size=(400, 300)).save(folder / "cat" / "0.jpg")
    image, _ = ImageFolder(folder, extensions=[".jpg", "1.png"], draft=(90, 70))[0]
    assert image.shape == (3, 75, 100)


def damage(folder: Path) -> None:
    picture(size=(64, 64)).save(folder / "cat" / "1.jpg")
    whole = (folder / "cat" / "1.jpg").read_bytes()
    (folder / "cat" / "1.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "dog" / "0.png").write_bytes(b"no image at all")


def test_damaged_and_truncated_images_are_named(folder: Path) -> None:
    damage(folder)
    dataset = ImageFolder(folder)
    with pytest.raises(
        SampleError, match=r"(?i)Sample 1 of ImageFolder .*cat/1.jpg cannot be read .*truncated"
    ) as caught:
        dataset[1]
    assert isinstance(caught.value.__cause__, InputError)
    with pytest.raises(SampleError, match=r"dog/0.png cannot be read as an image"):
        dataset[4]


@pytest.mark.parametrize("workers", [0, 1])
def test_damaged_images_are_skipped_and_counted(
    frameworks: Any, folder: Path, workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    damage(folder)
    dataset = ImageFolder(folder, lambda image: image.resize((8, 8)), on_error="skip")
    for backend in frameworks:
        loader = DataLoader(dataset, batch_size=4, num_workers=workers, backend=backend)
        labels = np.concatenate([labels for _, labels in loader])
        assert labels.tolist() == [0, 0, 0, 0, 1, 1]
        assert loader.skipped_count == 2
        assert [Path(each.name).name for each in loader.skipped] == ["1.jpg", "0.png"]
        list(loader)
        assert loader.skipped_count == 4
        messages = [record.getMessage() for record in caplog.records if record.name == "polynet.data"]
        assert len(messages) == 2
        assert "dog/0.png cannot be read" in messages[1]
        caplog.clear()


def test_empty_and_missing_folders_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"There is no folder .*nowhere"):
        ImageFolder(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"cat holds no image, that is no file ending in .xyz"):
        ImageFolder(folder, extensions=[".xyz"])
    with pytest.raises(DatasetError, match="holds no folders"):
        ImageFolder(folder / "cat")
    with pytest.raises(DatasetNotFoundError, match="for class 'bird'"):
        ImageFolder(folder, classes=["bird", "cat"])
    with pytest.raises(OptionError, match="extensions is a list"):
        ImageFolder(folder, extensions=".png")


def test_classes_can_be_chosen(folder: Path) -> None:
    assert ImageFolder(folder, classes=["dog", "cat"]).labels.tolist() == [0, 0, 1, 1, 1]


def test_augmented_images_are_the_same_on_every_framework_and_with_any_number_of_workers(
    frameworks: Any, folder: Path
) -> None:
    steps = [
        {"type": "RandomResizedCrop", "size": 8},
        {"type": "RandAugment"},
        {"type": "RandomHorizontalFlip"},
        "ToArray",
    ]
    dataset = ImageFolder(folder, build_pipeline(steps))
    expected = [batch for epoch in (0, 1) for batch in DataLoader(dataset, 2, True, seed=3).batches(epoch)]
    assert not any(np.array_equal(a[0], b[0]) for a, b in zip(expected[:2], expected[3:5], strict=True))
    for backend in frameworks:
        for workers in (1, 2):
            loader = DataLoader(dataset, 2, True, seed=3, num_workers=workers, backend=backend)
            found = [batch for epoch in (0, 1) for batch in loader.batches(epoch)]
            for (images, labels), (others, other_labels) in zip(found, expected, strict=True):
                assert images.dtype == np.uint8
                assert np.array_equal(images, others)
                assert np.array_equal(labels, other_labels)


PIPELINE = [{"type": "LoadImageFromFile"}, {"type": "CenterCrop", "crop_size": 8}, {"type": "PackInputs"}]


def test_a_pipeline_of_mmpretrain_runs(folder: Path) -> None:
    config = {
        "batch_size": 4,
        "dataset": {
            "type": "CustomDataset",
            "data_root": str(folder.parent),
            "data_prefix": "images",
            "pipeline": PIPELINE,
        },
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "collate_fn": {"type": "default_collate"},
    }
    batches = list(build_loader(config))
    assert [len(batch["data_samples"]) for batch in batches] == [4, 1]
    assert batches[0]["inputs"].dtype == np.uint8
    assert batches[0]["inputs"].shape == (4, 3, 8, 8)
    assert [sample.gt_label.tolist() for sample in batches[0]["data_samples"]] == [[0], [0], [0], [1]]


def test_images_may_be_listed_in_a_file(folder: Path) -> None:
    listing = folder.parent / "val.txt"
    listing.write_text("dog/1.png 7\ncat/0.png 3\n")
    dataset = ImageNet(folder.parent, "", "images", "val.txt", PIPELINE)
    assert dataset.labels.tolist() == [7, 3]
    assert dataset[0]["data_samples"].gt_label.tolist() == [7]
    listing.write_text("dog/1.png\n")
    with pytest.raises(DatasetError, match=r"val.txt, line 1: 'path label' is needed"):
        CustomDataset(folder.parent, "images", "val.txt")
    with pytest.raises(OptionError, match="split must be"):
        ImageNet(folder.parent, "training")


@pytest.mark.parametrize("name", ["FolderLoader", "ImageFolder"])
@pytest.mark.parametrize("options", [{"extensions": ".jpg"}, {"extnsions": [".jpg"]}, {"on_error": "skp"}])
def test_errors_have_the_name_that_the_config_has(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    other = {"FolderLoader": "ImageFolder", "ImageFolder": "FolderLoader"}[name]
    with pytest.raises(OptionError) as caught:
        DATASETS.build({"type": name, "root": tmp_path, **options})
    assert str(caught.value).startswith(f"{name}: ")
    assert other not in str(caught.value)
