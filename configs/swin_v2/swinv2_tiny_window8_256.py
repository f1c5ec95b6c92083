"""Swin v2 Tiny, windows of 8, images of 256 pixels. Liu et al. 2022, arXiv:2111.09883."""

_base_ = "../_base_/swin.py"

_cfg = dict(
    batch_size=128,
    published=dict(
        parameters=28.35e6,
        multiply_adds=5.96e9,
        top1=81.824,
        source="timm's tables of results and of benchmarks, swinv2_tiny_window8_256.ms_in1k",
    ),
    model=dict(name="swinv2_tiny_window8_256"),
    preprocess=dict(img_size=256),
    test=dict(img_size=256, crop_pct=0.9),
    solver=dict(
        # None for the network that gives the positions' biases, the factors of the cosines, and what Swin leaves out.
        weight_decay=((0, "cpb_mlp"), (0, "logit_scale"), (0, "bias"), (0, "NORM_TYPES"), 0.05),
        accumulation_steps=1,
    ),
)
