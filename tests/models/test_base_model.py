"""MMEngine's `BaseModel`: what `forward` is called with, what is optimised, and what is logged."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from polynet.dialects.mmengine.model import BaseModel, BaseModule

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data.preprocessors import BaseDataPreprocessor
from polynet.errors import InputError, OptionError
from polynet.nn import initialise
from polynet.train.optim_wrapper import OptimWrapper
from polynet.weights import load_state, state

IMAGES = np.random.RandomState(0).randn(8, 4).astype(np.float32)
LABELS = np.arange(8) % 3


class Classifier(BaseModel):
    """Notes every mode it is called in."""

    def __init__(self, data_preprocessor: Any = None, init_cfg: Any = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.fc = nn.Linear(4, 3)
        self.modes: tuple[str, ...] = ()

    def forward(self, img: Any, label: Any = None, mode: str = "tensor") -> Any:
        self.modes = (*self.modes, mode)
        pred = self.fc(img)
        if mode == "loss":
            return {"loss": ops.cross_entropy(pred, label)}
        return (ops.argmax(pred, dim=1), 0.5) if mode == "predict" else pred


class Losses(BaseModel):
    """Gives the losses it was made with."""

    def __init__(self, losses: Any) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1)
        self.make = losses

    def forward(self, x: Any, mode: str = "tensor") -> Any:
        return self.make(self.fc(x))


class Wrapper:
    """Takes a loss and does nothing with it."""

    total: Any = None

    def optim_context(self, model: Any) -> Any:
        import contextlib

        return contextlib.nullcontext()

    def update_params(self, loss: Any) -> None:
        self.total = loss


def sgd(backend: Backend, model: Any, lr: float = 0.1) -> OptimWrapper:
    return OptimWrapper(backend.optimizer("sgd", model, lr=lr))


def numbers(logged: Mapping[str, Any]) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in logged.items()}


@pytest.mark.checklist("S2-48", "S2-49")
def test_a_model_needs_a_forward_and_has_the_steps(backend: Backend) -> None:
    class Empty(BaseModel):
        pass

    with pytest.raises(TypeError, match="forward"):
        Empty()
    model = Classifier()
    assert isinstance(model, BaseModule)
    assert isinstance(model, backend.native_module_type)
    assert all(callable(getattr(model, name)) for name in ("train_step", "val_step", "test_step"))
    assert model.weights_module() is model


@pytest.mark.checklist("S2-1", "S2-2", "S2-5")
def test_a_model_is_a_module_with_all_a_module_has(backend: Backend) -> None:
    model, other = Classifier(), Classifier()
    assert sorted(name for name, _ in model.named_parameters()) == ["fc.bias", "fc.weight"]
    assert len([*model.parameters()]) == 2
    assert sorted(model.state_dict()) == ["fc.bias", "fc.weight"]
    other.load_state_dict(model.state_dict())
    assert all((state(other)[name] == array).all() for name, array in state(model).items())
    assert model.training
    assert not model.eval().training
    assert model.train() is model
    assert model.to("cpu") is model
    assert backend.device_of(model) == "cpu"


@pytest.mark.checklist("S2-4")
def test_a_model_can_be_wrapped_for_parallel_training(tmp_path: Any) -> None:
    torch = pytest.importorskip("torch")
    distributed = pytest.importorskip("torch.distributed")
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        with use_backend("torch"):
            model = Classifier()
        wrapped = torch.nn.parallel.DistributedDataParallel(model)
        wrapped(torch.from_numpy(IMAGES), torch.from_numpy(LABELS), mode="loss")["loss"].backward()
        assert model.fc.weight.grad is not None
    finally:
        distributed.destroy_process_group()


@pytest.mark.checklist("S2-50", "S2-51", "S2-53", "S2-55", "S2-62", "S2-63")
@pytest.mark.parametrize("form", [tuple, list, dict])
def test_a_batch_goes_to_forward_by_position_or_by_keyword(backend: Backend, form: Any) -> None:
    model = Classifier()
    batch = {"img": IMAGES, "label": LABELS} if form is dict else form((IMAGES, LABELS))
    for step in (model.val_step, model.test_step):
        labels, loss = step(batch)
        assert tuple(labels.shape) == (8,)
        assert loss == 0.5
    assert model.modes == ("predict", "predict")


@pytest.mark.checklist("S2-53", "S2-54", "S2-56")
def test_the_mode_chooses_what_comes_back(backend: Backend) -> None:
    model = Classifier()
    images, labels = ops.tensor(IMAGES), ops.tensor(LABELS)
    assert tuple(model(images).shape) == (8, 3)
    assert tuple(model(images, labels, mode="tensor").shape) == (8, 3)
    loss, gradients = backend.differentiate(
        lambda: model(images, labels, mode="loss")["loss"], [slot.tensor for slot in backend.slots(model).values()]
    )
    assert loss.ndim == 0
    assert all(gradient is not None for gradient in gradients)


@pytest.mark.checklist("S2-52")
@pytest.mark.parametrize("batch", [7, "images", None, IMAGES])
def test_another_batch_is_an_error_that_says_what_is_taken(backend: Backend, batch: Any) -> None:
    with pytest.raises(TypeError, match="list, tuple or dict"):
        Classifier().train_step(batch, Wrapper())


@pytest.mark.checklist("S2-3", "S2-57", "S2-58")
def test_steps_of_training_equal_those_of_a_loop_by_hand(backend: Backend) -> None:
    model = Classifier()
    initialise(model, 0)
    weight, bias = (state(model)[f"fc.{name}"].astype(np.float64) for name in ("weight", "bias"))
    wrapper = sgd(backend, model)
    for _ in range(5):
        logged = model.train_step((IMAGES, LABELS), wrapper)
        logits = IMAGES @ weight.T + bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        assert list(logged) == ["loss"]
        assert float(logged["loss"]) == pytest.approx(-np.log(shares[np.arange(8), LABELS]).mean(), abs=1e-6)
        shares[np.arange(8), LABELS] -= 1
        weight -= 0.1 * shares.T @ IMAGES / 8
        bias -= 0.1 * shares.sum(axis=0) / 8
    np.testing.assert_allclose(state(model)["fc.weight"], weight, atol=1e-6)
    np.testing.assert_allclose(state(model)["fc.bias"], bias, atol=1e-6)


@pytest.mark.checklist("S2-58")
def test_training_is_the_same_on_both_frameworks(both: tuple[Backend, Backend]) -> None:
    trained = []
    for backend in both:
        with use_backend(backend):
            model = Classifier()
            initialise(model, 0)
            wrapper = sgd(backend, model)
            for _ in range(5):
                model.train_step((IMAGES, LABELS), wrapper)
            trained.append(state(model))
    for name, array in trained[0].items():
        np.testing.assert_allclose(trained[1][name], array, atol=1e-6)


@pytest.mark.checklist("S2-59", "S2-60")
def test_every_loss_is_summed_and_the_rest_is_logged(backend: Backend) -> None:
    model = Losses(
        lambda y: {
            "loss": ops.sum(y * 0) + 1.0,
            "aux_loss": [y[:1] * 0 + 1.0, y[1:] * 0 + 2.0],
            "accuracy": ops.tensor([40.0, 60.0]),
            "count": ops.tensor(3),
        }
    )
    wrapper = Wrapper()
    logged = model.train_step((ops.ones((4, 1)),), wrapper)
    assert float(ops.stop_gradient(wrapper.total)) == 4.0
    assert numbers(logged) == {"loss": 4.0, "loss_alone": 1.0, "aux_loss": 3.0, "accuracy": 50.0, "count": 3.0}
    assert next(iter(logged)) == "loss"
    averaged = {name: np.mean([float(value)] * 3) for name, value in logged.items()}
    assert f"{averaged['loss']:.2f}" == "4.00"


@pytest.mark.checklist("S2-59")
def test_what_is_reported_as_loss_is_what_is_optimised(backend: Backend) -> None:
    alone = Losses(lambda y: {"loss": ops.mean(y * 0) + 2.0})
    assert numbers(alone.train_step((ops.ones((1, 1)),), Wrapper())) == {"loss": 2.0}
    last = Losses(lambda y: {"loss_b": ops.mean(y * 0) + 3.0, "loss": ops.mean(y * 0) + 2.0})
    logged = last.train_step((ops.ones((1, 1)),), Wrapper())
    assert numbers(logged) == {"loss": 5.0, "loss_b": 3.0, "loss_alone": 2.0}


@pytest.mark.checklist("S2-54")
@pytest.mark.parametrize(
    ("losses", "error", "said"),
    [
        (lambda y: y, TypeError, "dictionary of losses"),
        (lambda y: {"loss": 1.5}, TypeError, "loss is not a tensor or list of tensors, but float"),
        (lambda y: {"loss": [y, "no"]}, TypeError, "loss is not a tensor or list of tensors, but str"),
        (lambda y: {"loss": {"a": y}}, TypeError, "loss is not a tensor"),
        (lambda y: {"lose": y}, InputError, "contains 'loss'.*gave lose"),
        (lambda y: {}, InputError, "gave nothing"),
        (lambda y: {"loss": []}, InputError, "empty list"),
    ],
)
def test_losses_that_are_none_are_refused(backend: Backend, losses: Any, error: type[Exception], said: str) -> None:
    wrapper = Wrapper()
    with pytest.raises(error, match=said):
        Losses(losses).train_step((ops.ones((2, 1)),), wrapper)
    assert wrapper.total is None


@pytest.mark.checklist("S2-61")
def test_a_training_step_can_be_written_anew_for_two_optimisers(backend: Backend) -> None:
    class Adversaries(BaseModel):
        def __init__(self) -> None:
            super().__init__()
            self.generator = nn.Linear(2, 2)
            self.critic = nn.Linear(2, 1)

        def forward(self, x: Any, mode: str = "tensor") -> Any:
            return self.critic(self.generator(x))

        def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Any]:
            (x,) = self.preprocess(data, training=True)
            logged = {}
            for name, sign in (("critic", 1.0), ("generator", -1.0)):
                with optim_wrapper[name].optim_context(self):
                    total, log = self.parse_losses({f"loss_{name}": sign * ops.mean(self(x))})
                    optim_wrapper[name].update_params(total)
                logged[name] = log["loss"]
            return logged

    model = Adversaries()
    before = {name: array.copy() for name, array in state(model).items()}
    wrappers = {name: sgd(backend, getattr(model, name)) for name in ("critic", "generator")}
    logged = model.train_step((IMAGES[:, :2],), wrappers)
    assert set(logged) == {"critic", "generator"}
    assert all((state(model)[name] != array).any() for name, array in before.items())


@pytest.mark.checklist("S2-77", "S2-84")
def test_the_preprocessor_is_told_whether_the_model_trains(backend: Backend) -> None:
    seen = []

    class Notes(BaseDataPreprocessor):
        def forward(self, data: Any, training: bool = False) -> Any:
            seen.append((training, [backend.device_of(each) for each in data], self.device))
            return data

    model = Classifier(Notes())
    model.train_step((IMAGES, LABELS), sgd(backend, model))
    model.val_step((IMAGES, LABELS))
    model.test_step((IMAGES, LABELS))
    assert seen == [(training, ["cpu", "cpu"], "cpu") for training in (True, False, False)]


@pytest.mark.checklist("S2-85")
@pytest.mark.parametrize("given", ["ImgDataPreprocessor", 3, [1], print])
def test_a_preprocessor_is_a_config_or_a_module(backend: Backend, given: Any) -> None:
    with pytest.raises(OptionError, match=r"`dict` or `nn.Module` instance") as caught:
        Classifier(given)
    assert isinstance(caught.value, TypeError)


@pytest.mark.checklist("S2-85")
def test_a_preprocessor_is_built_from_its_config(backend: Backend) -> None:
    assert type(Classifier().data_preprocessor).__name__ == BaseDataPreprocessor.__name__
    model = Classifier({"type": "ImgDataPreprocessor", "mean": [1.0], "std": [2.0]})
    assert model.data_preprocessor.rules.mean.tolist() == [1.0]
    with pytest.raises(KeyError, match="Did you mean 'ImgDataPreprocessor'"):
        Classifier({"type": "ImDataPreprocessor"})
    with pytest.raises(KeyError, match=r"data_preprocessor.*needs `type`"):
        Classifier({"mean": [1.0]})


def test_a_preprocessor_adds_nothing_to_the_state(backend: Backend) -> None:
    model = Classifier({"type": "BatchDataPreprocessor", "mean": [1.0], "std": [2.0], "pad_size_divisor": 1})
    model.data_preprocessor((np.ones((1, 1, 2, 2), np.uint8), LABELS[:1]))
    assert sorted(backend.slots(model)) == ["fc.bias", "fc.weight"]
    assert sorted(model.state_dict()) == ["fc.bias", "fc.weight"]
    assert [*model.data_preprocessor.buffers()] == []
    load_state(model, state(model))


def test_a_model_is_copied_and_pickled_with_its_preprocessor(backend: Backend) -> None:
    model = Classifier({"type": "BatchDataPreprocessor", "mean": [1.0], "std": [2.0]})
    model.data_preprocessor((np.ones((1, 1, 2, 2), np.uint8), LABELS[:1]))
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        images, _ = other.data_preprocessor((np.full((1, 1, 1, 1), 5, np.uint8), LABELS[:1]))
        assert float(images.reshape(-1)[0]) == 2.0


def test_a_model_without_parameters_works_on_the_cpu(backend: Backend) -> None:
    class Mean(BaseModel):
        def forward(self, x: Any, mode: str = "tensor") -> Any:
            return [ops.mean(x)]

    assert float(Mean().val_step((IMAGES,))[0]) == pytest.approx(IMAGES.mean(), abs=1e-6)


def test_the_device_is_found_anew_where_the_first_part_was_replaced(backend: Backend) -> None:
    model = Classifier()
    model.val_step((IMAGES, LABELS))
    model.fc = nn.Sequential(nn.Linear(4, 3))
    assert tuple(model.val_step((IMAGES, LABELS))[0].shape) == (8,)


@pytest.mark.checklist("S2-2", "S2-77")
def test_data_follow_the_model_to_another_device(backend: Backend) -> None:
    elsewhere = {"torch": "meta", "megengine": "cpu1"}[backend.name]
    config = {
        "type": "BatchDataPreprocessor",
        "mean": [1.0],
        "std": [2.0],
        "batch_augments": [{"type": "MixupCutmix", "mode": "elem", "cutmix_alpha": 1.0, "num_classes": 3}],
    }
    model = Classifier(config)
    images = np.zeros((2, 1, 2, 2), np.uint8)
    here = [each.device for each in model.preprocess((images, LABELS[:2]), training=True)]
    model.to(elsewhere)
    there = [each.device for each in model.preprocess((images, LABELS[:2]), training=True)]
    assert len({str(each) for each in there}) == 1
    assert all(str(each) != str(here[0]) for each in there)
    assert str(next(iter(model.parameters())).device) == str(there[0])
