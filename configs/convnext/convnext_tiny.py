"""ConvNeXt-T. Liu et al. 2022, arXiv:2201.03545; trained as there: a rate of 4e-3 for 4096 images."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=28.59e6,
        multiply_adds=4.47e9,
        top1=82.066,
        source="timm's tables of results and of benchmarks, convnext_tiny.fb_in1k at 224",
    ),
    model=dict(name="convnext_tiny", drop_path_rate=0.1),
    solver=dict(
        # None for the factors of the branches, biases and normalisation layers.
        weight_decay=((0, "gamma"), (0, "bias"), (0, "NORM_TYPES"), 0.05),
        lr_min_factor=2.5e-4,
    ),
    model_ema=dict(momentum=0.9999),
)
