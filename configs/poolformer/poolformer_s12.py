"""PoolFormer-S12. Yu et al. 2022, arXiv:2111.11418; trained as there: a rate of 1e-3 for 1024 images."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=11.92e6,
        multiply_adds=1.82e9,
        top1=77.238,
        source="timm's tables of results and of benchmarks, poolformer_s12.sail_in1k",
    ),
    model=dict(name="poolformer_s12", drop_path_rate=0.1),
    test=dict(crop_pct=0.9),
    solver=dict(
        # None for the factors of the branches, biases and normalisation layers.
        weight_decay=((0, "scale"), (0, "bias"), (0, "NORM_TYPES"), 0.05),
        warmup_epochs=5,
    ),
    model_ema=dict(enabled=False),
)
