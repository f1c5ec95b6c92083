"""LeViT-128S, images of 224 pixels. Graham et al. 2021, arXiv:2104.01136: DeiT's recipe for 1000 epochs.

The paper's figure is of training with a teacher, which a config cannot say.
"""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=7.8e6,
        multiply_adds=0.305e9,
        top1=76.6,
        source="the paper's table of models",
    ),
    model=dict(name="levit_128s"),
    solver=dict(
        weight_decay=((0, "attention_biases"), (0, "bias"), (0, "NORM_TYPES"), 0.025),
        max_epoch=1000,
        warmup_epochs=5,
    ),
)
