"""LeViT-128S, images of 224 pixels. Graham et al. 2021, arXiv:2104.01136: DeiT's recipe for 1000 epochs.

The published accuracy is of training with a teacher, which a config cannot say.
"""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=7.78e6,
        multiply_adds=0.305e9,
        top1=76.52,
        source="timm's tables of results, levit_128s.fb_dist_in1k; multiply_adds: arXiv:2104.01136, LeViT-128S",
    ),
    model=dict(name="levit_128s"),
    solver=dict(
        weight_decay=((0, "attention_biases"), (0, "bias"), (0, "NORM_TYPES"), 0.025),
        max_epoch=1000,
        warmup_epochs=5,
    ),
)
