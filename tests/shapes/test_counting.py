"""Multiply-adds and activations follow the closed forms, and are laid at the right module's door."""

from __future__ import annotations

from typing import Any

import pytest

from polynet import nn, ops
from polynet.backend import Backend
from polynet_shapes.counting import count


def counted(function: Any) -> tuple[int, int]:
    with count() as counter:
        function()
    return counter.multiply_adds, counter.activations


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_a_convolution_multiplies_its_kernel_at_every_output(groups: int, shapes: Backend) -> None:
    layer = nn.Conv2d(4, 8, (3, 2), stride=2, padding=1, groups=groups)
    outputs = 2 * 8 * 5 * 6
    assert layer(ops.zeros((2, 4, 9, 9))).elements == outputs - 2 * 8 * 5
    assert counted(lambda: layer(ops.zeros((2, 4, 9, 10)))) == (outputs * 4 // groups * 6, outputs)


def test_a_transposed_convolution_multiplies_its_kernel_at_every_input(shapes: Backend) -> None:
    layer = nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2)
    work, activations = counted(lambda: layer(ops.zeros((2, 4, 5, 5))))
    assert work == 2 * 4 * 25 * (6 // 2) * 9
    assert activations == 2 * 6 * 11 * 11


@pytest.mark.parametrize("spatial", [1, 3])
def test_other_dimensions_count_alike(spatial: int, shapes: Backend) -> None:
    layer = getattr(nn, f"Conv{spatial}d")(3, 5, 3)
    assert counted(lambda: layer(ops.zeros((1, 3, *[6] * spatial))))[0] == 5 * 4**spatial * 3 * 3**spatial


def test_products_of_matrices_count_rows_times_inner_times_columns(shapes: Backend) -> None:
    left, right = ops.zeros((7, 1, 2, 3)), ops.zeros((5, 3, 4))
    expected = (7 * 5 * 2 * 3 * 4, 0)
    assert counted(lambda: ops.matmul(left, right)) == expected
    assert counted(lambda: left @ right) == expected
    assert counted(lambda: ops.einsum("...ij,...jk->...ik", left, right)) == expected
    assert counted(lambda: ops.bmm(ops.zeros((6, 2, 3)), ops.zeros((6, 3, 4)))) == (6 * 2 * 3 * 4, 0)


def test_a_chain_of_einsum_is_multiplied_two_at_a_time(shapes: Backend) -> None:
    operands = [ops.zeros((2, 3)), ops.zeros((3, 4)), ops.zeros((4, 5))]
    assert counted(lambda: ops.einsum("ij,jk,kl->il", *operands)) == (2 * 3 * 4 + 2 * 4 * 5, 0)
    assert counted(lambda: ops.einsum("ij->ji", operands[0])) == (0, 0)


def test_a_linear_layer_counts_its_weight_once_for_every_row(shapes: Backend) -> None:
    assert counted(lambda: nn.Linear(3, 5)(ops.zeros((2, 7, 3)))) == (2 * 7 * 15, 2 * 7 * 5)


def test_attention_counts_both_products(shapes: Backend) -> None:
    query, key, value = ops.zeros((2, 3, 4, 5)), ops.zeros((2, 3, 6, 5)), ops.zeros((2, 3, 6, 7))
    assert counted(lambda: ops.scaled_dot_product_attention(query, key, value)) == (6 * (4 * 6 * 5 + 4 * 6 * 7), 0)


def test_multihead_attention_counts_projections_and_products(shapes: Backend) -> None:
    layer, tokens = nn.MultiheadAttention(8, 2, batch_first=True), ops.zeros((3, 5, 8))
    projections, products = 4 * 3 * 5 * 8 * 8, 2 * 3 * 5 * 5 * 8
    assert counted(lambda: layer(tokens, tokens, tokens)) == (projections + products, 4 * 3 * 5 * 8)


def test_a_recurrent_layer_counts_its_gates_at_every_step(shapes: Backend) -> None:
    layer = nn.LSTM(6, 4, bidirectional=True)
    assert counted(lambda: layer(ops.zeros((5, 2, 6)))) == (5 * 2 * 2 * 16 * (6 + 4), 5 * 2 * 2 * 2 * 16)


def test_everything_else_counts_nothing(shapes: Backend) -> None:
    images = ops.zeros((2, 4, 8, 8))
    layers = [nn.BatchNorm2d(4), nn.GELU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Upsample(scale_factor=2)]
    table = nn.Embedding(10, 4)

    def run() -> None:
        for layer in layers:
            layer(images)
        table(ops.zeros(3, dtype="int64"))
        images + images * 2

    assert counted(run) == (0, 0)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
        self.gate = nn.Parameter(ops.zeros((4, 4)))

    def forward(self, x: Any) -> Any:
        return self.body(x) @ self.gate


def test_work_is_laid_at_the_door_of_the_module_that_did_it(shapes: Backend) -> None:
    net = nn.Sequential(Block(), Block())
    with shapes.count(net) as counter:
        net(ops.zeros((3, 4)))
        net(ops.zeros((3, 4)))
    each = 2 * 3 * 16
    own = {path: figures.multiply_adds for path, figures in counter.figures.items()}
    assert own["0.body.0"] == own["0.body.2"] == own["1"] == each
    assert own["0.body"] == own["0.body.1"] == own[""] == 0
    assert counter.within("0.body") == (2 * each, 2 * 2 * 3 * 4)
    assert counter.within("0") == (3 * each, 2 * 2 * 3 * 4)
    assert counter.within("1.body.2") == (each, 2 * 3 * 4)
    assert counter.multiply_adds == 6 * each
    assert counter.figures["1.body"].calls == 2
    assert counter.figures["1.body"].output.shape == (3, 4)


def test_a_path_is_not_mistaken_for_one_it_begins_like(shapes: Backend) -> None:
    net = nn.Sequential(*[nn.Linear(2, 2) for _ in range(11)])
    with shapes.count(net) as counter:
        net(ops.zeros((1, 2)))
    assert counter.within("1") == (4, 2)
    assert counter.multiply_adds == 44


def test_a_failing_network_leaves_no_count_running(shapes: Backend) -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3))
    with pytest.raises(ValueError, match="linear"), shapes.count(net):
        net(ops.zeros((1, 2)))
    assert counted(lambda: nn.Linear(2, 2)(ops.zeros((1, 2)))) == (4, 2)
