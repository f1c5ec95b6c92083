from __future__ import annotations

import gzip
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.data import DATASETS
from polynet.data.datasets import (
    MNIST,
    ArrayDataset,
    Dataset,
    DigitsDataset,
    FakeData,
    FashionMNIST,
    HuggingFaceDataset,
)
from polynet.data.datasets.base import takes_generator
from polynet.errors import (
    DatasetError,
    DatasetNotFoundError,
    InputError,
    InputIndexError,
    OptionError,
    SampleError,
    UnknownNameError,
)


def write_idx(path: Path, array: np.ndarray[Any, Any], *, packed: bool = True, cut: int = 0) -> None:
    codes = {"u1": 0x08, "i4": 0x0C}
    header = struct.pack(">BBBB", 0, 0, codes[array.dtype.str[1:]], array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    content = header + array.astype(array.dtype.newbyteorder(">")).tobytes()
    content = content[: len(content) - cut]
    path.write_bytes(gzip.compress(content) if packed else content)


@pytest.fixture
def four_files(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for part, count in (("train", 6), ("t10k", 4)):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", generator.integers(0, 256, (count, 5, 4), dtype=np.uint8))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", np.arange(count, dtype=np.uint8))
    return tmp_path


def test_mnist_files_are_read(four_files: Path) -> None:
    for train, count in ((True, 6), (False, 4)):
        dataset = MNIST(four_files, train=train)
        assert len(dataset) == count
        assert dataset.images.dtype == np.uint8
        assert dataset.images.shape == (count, 1, 5, 4)
        assert dataset.labels.dtype == np.int64
        assert dataset.labels.tolist() == list(range(count))


def test_mnist_files_may_be_unpacked_and_of_wide_numbers(four_files: Path) -> None:
    (four_files / "train-labels-idx1-ubyte.gz").unlink()
    write_idx(four_files / "train-labels-idx1-ubyte", np.array([5, 4, 3, 2, 1, 300], dtype="<i4"), packed=False)
    assert MNIST(four_files).labels.tolist() == [5, 4, 3, 2, 1, 300]


def test_the_folder_of_all_data_sets_is_looked_in(four_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (four_files.parent / "elsewhere", four_files.parent / "elsewhere" / "fashion-mnist"):
        folder.mkdir()
    for path in four_files.glob("*.gz"):
        path.rename(four_files.parent / "elsewhere" / "fashion-mnist" / path.name)
    monkeypatch.setenv("POLYNET_DATA", str(four_files.parent / "elsewhere"))
    assert len(FashionMNIST(train=False)) == 4


def test_missing_files_are_answered_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"apt-get install dataset-fashion-mnist.*`root`") as caught:
        FashionMNIST(tmp_path)
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no idx file: it begins with nothing"),
        (b"hello world", "is no idx file: it begins with 68 65 6c 6c"),
        (b"\x1f\x8b\x08\x00broken", "cannot be read"),
        (b"\0\0\x08\x03\0\0", "is damaged"),
    ],
)
def test_damaged_files_are_named(four_files: Path, content: bytes, message: str) -> None:
    (four_files / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(DatasetError, match=f"train-images-idx3-ubyte.gz {message}"):
        MNIST(four_files)


def test_truncated_files_are_named(four_files: Path) -> None:
    write_idx(four_files / "train-images-idx3-ubyte.gz", np.zeros((6, 5, 4), np.uint8), cut=7)
    with pytest.raises(DatasetError, match=r"holds 129 bytes, and its header \(6, 5, 4\) promises 136"):
        MNIST(four_files)
    path = four_files / "train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    write_idx(four_files / "train-images-idx3-ubyte.gz", np.zeros((6, 5, 4), np.uint8))
    with pytest.raises(DatasetError, match=r"train-labels-idx1-ubyte.gz cannot be read"):
        MNIST(four_files)


def test_the_real_fashion_mnist_is_read() -> None:
    if not Path("/usr/share/datasets/fashion-mnist").is_dir():
        pytest.skip("dataset-fashion-mnist is not installed")
    dataset = FashionMNIST(train=False)
    assert dataset.images.shape == (10000, 1, 28, 28)
    assert np.bincount(dataset.labels).tolist() == [1000] * 10
    assert dataset.classes[dataset.labels[0]] == "Ankle boot"


def test_arrays_are_taken_whole() -> None:
    dataset = ArrayDataset(np.arange(10, dtype=np.float32).reshape(5, 2), [0, 1, 2, 3, 4])
    taken = dataset.take(np.array([3, 1]))
    assert taken is not None
    assert taken[0].dtype == np.float32
    assert taken[0].tolist() == [[6.0, 7.0], [2.0, 3.0]]
    assert taken[1].tolist() == [3, 1]
    assert [label for _, label in dataset] == [0, 1, 2, 3, 4]


def test_wrong_arrays_and_indices_are_refused() -> None:
    with pytest.raises(InputError, match=r"there are 5 images and labels of shape \(4,\)"):
        ArrayDataset(np.zeros((5, 2)), range(4))
    with pytest.raises(InputIndexError, match="has 5 samples, and none of number 5"):
        ArrayDataset(np.zeros((5, 2)), range(5))[5]
    with pytest.raises(OptionError, match="transform is a function, or a list of configs"):
        ArrayDataset(np.zeros((5, 2)), range(5), transform=3)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(OptionError, match="Did you mean 'transform'"):
        ArrayDataset(np.zeros((5, 2)), range(5), transforms=None)  # type: ignore[call-arg]  # wrong on purpose


def test_arrays_that_are_no_numbers_are_refused_by_their_type() -> None:
    images = np.zeros((2, 3), np.float32)
    with pytest.raises(InputError, match=r"ArrayDataset: labels are of dtype <U3; they must be numbers .*unique"):
        ArrayDataset(images, ["cat", "dog"])
    with pytest.raises(InputError, match=r"ArrayDataset: images are of dtype object; they must be numbers .*float32"):
        ArrayDataset(images.astype(object), [0, 1])
    paths = ArrayDataset(np.array(["a", "bc"]), [0, 1], transform=len)  # the transform makes numbers of them
    assert [image for image, _ in paths] == [1, 2]


def test_parts_of_different_shapes_are_refused_by_their_shapes() -> None:
    ragged = [np.zeros(4, np.float32), np.zeros(3, np.float32)]
    with pytest.raises(InputError, match=r"images must all have one shape, and these have \(4,\), \(3,\)\. Bring"):
        ArrayDataset(ragged, [0, 1])
    with pytest.raises(InputError, match=r"labels must all have one shape, and these have \(1,\), \(2,\)\. Bring"):
        ArrayDataset(np.zeros((2, 3)), [[0], [1, 2]])


def test_the_digits_ship() -> None:
    dataset = DigitsDataset(train=False)
    image, label = dataset[0]
    assert image.dtype == np.float32
    assert image.shape == (1, 8, 8)
    assert len(dataset) == 359
    assert label in range(10)


def test_fake_data_is_the_same_each_time_and_can_be_learned() -> None:
    first, second = FakeData(20, (3, 6, 6), 4, seed=1), FakeData(20, (3, 6, 6), 4, seed=1)
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0][0], FakeData(20, (3, 6, 6), 4, seed=2)[0][0])
    brightness = [first[index][0].mean() for index in range(4)]
    assert brightness == sorted(brightness)
    with pytest.raises(OptionError, match="size must be"):
        FakeData(0)


class Remembers(Dataset):
    """A data set whose third sample is damaged."""

    def __len__(self) -> int:
        return 5

    def load(self, index: int) -> tuple[Any, Any]:
        if index == 2:
            message = "truncated"
            raise OSError(message)
        return np.full(2, index), index


def test_a_bad_sample_is_named_and_its_cause_chained() -> None:
    with pytest.raises(SampleError, match=r"Sample 2 \(number 2\) of Remembers .* OSError: truncated") as caught:
        Remembers()[2]
    assert isinstance(caught.value.__cause__, OSError)


def test_a_bad_sample_is_replaced_by_the_next_and_counted() -> None:
    dataset = Remembers(on_error="skip")
    assert dataset[2][1] == 3
    (skipped,) = dataset.drain_skipped()
    assert (skipped.index, skipped.reason) == (2, "truncated")
    assert dataset.drain_skipped() == []


def test_a_fault_of_the_transform_is_not_skipped() -> None:
    def transform(image: Any) -> Any:
        return image / "x"

    with pytest.raises(SampleError, match="TypeError"):
        Remembers(transform, on_error="skip")[0]


def test_where_nothing_can_be_loaded_skipping_ends() -> None:
    class Broken(Remembers):
        def load(self, index: int) -> tuple[Any, Any]:
            raise OSError(index)

    with pytest.raises(DatasetError, match="5 samples of Broken in a row"):
        Broken(on_error="skip")[3]


def test_transforms_of_one_and_of_two_arguments_are_told_apart() -> None:
    class TwoArguments:
        def __call__(self, image: Any, generator: Any = None) -> Any:
            return image + generator.integers(0, 100)

    dataset = Remembers(TwoArguments())
    assert not dataset.draws_globally
    assert np.array_equal(dataset[0][0], dataset[0][0])
    other = Remembers(lambda image: image + 1)
    assert other.draws_globally
    assert other[3][0].tolist() == [4, 4]
    assert not takes_generator(len)


def test_data_sets_are_built_by_name() -> None:
    dataset = DATASETS.build({"type": "FakeData", "size": 3, "shape": [1, 2, 2]})
    assert isinstance(dataset, FakeData)
    with pytest.raises(UnknownNameError, match="Did you mean 'FashionMNIST'"):
        DATASETS.get("FasionMNIST")


def test_data_sets_can_be_pickled() -> None:
    dataset = pickle.loads(pickle.dumps(DigitsDataset()))
    assert len(dataset) == 1438


@pytest.fixture
def table() -> Any:
    library = pytest.importorskip("datasets")
    image = pytest.importorskip("PIL.Image")
    pictures = [image.new("L" if index % 2 else "RGB", (4, 3), index) for index in range(4)]
    features = library.Features({"img": library.Image(), "label": library.ClassLabel(names=["cat", "dog"])})
    return library.Dataset.from_dict({"img": pictures, "label": [0, 1, 1, 0]}, features=features)


def test_a_table_of_hugging_face_is_read(table: Any) -> None:
    dataset = HuggingFaceDataset(table)
    image, label = dataset[1]
    assert image.dtype == np.uint8
    assert image.shape == (3, 3, 4)
    assert label == 1
    assert dataset.classes == ("cat", "dog")
    assert dataset.labels.tolist() == [0, 1, 1, 0]


def test_a_folder_of_hugging_face_is_read_by_split(table: Any, tmp_path: Path) -> None:
    library = pytest.importorskip("datasets")
    library.DatasetDict({"train": table, "test": table.select([0])}).save_to_disk(tmp_path / "saved")
    assert len(HuggingFaceDataset(tmp_path / "saved", "test")) == 1
    with pytest.raises(OptionError, match=r"no split 'tset'; there are train, test. Did you mean 'test'"):
        HuggingFaceDataset(tmp_path / "saved", "tset")


def test_missing_columns_and_tables_are_named(table: Any, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no column 'lable'; there are img, label. Did you mean 'label'"):
        HuggingFaceDataset(table, label_key="lable")
    with pytest.raises(OptionError, match="is needed, not int"):
        HuggingFaceDataset(3)
    with pytest.raises(DatasetNotFoundError, match="could not be opened"):
        HuggingFaceDataset(str(tmp_path / "nowhere"), "train")


def test_a_list_of_configs_is_a_transform() -> None:
    images = np.zeros((2, 3, 12, 16), np.uint8)
    dataset = ArrayDataset(images, [0, 1], transform=[{"type": "Resize", "size": 8}, {"type": "CenterCrop", "size": 8}])
    image, _ = dataset[0]
    assert image.shape == (3, 8, 8)
    with pytest.raises(UnknownNameError, match="Did you mean 'Resize'"):
        ArrayDataset(images, [0, 1], transform=[{"type": "Resise", "size": 8}])
