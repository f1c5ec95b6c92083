"""BEiT Base, images of 224 pixels, fine-tuned after masked image modelling. Bao et al. 2021, arXiv:2106.08254.

The authors' repository has these epochs, mixing and decay, but a rate of 4e-3 for 1024 images that falls by a factor of
0.65 from a layer to the one before it. A config cannot say that; here all layers have DeiT's rate.
"""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=86.53e6,
        multiply_adds=17.58e9,
        top1=85.238,
        source="timm's tables of results and of benchmarks, beit_base_patch16_224.in22k_ft_in22k_in1k",
    ),
    model=dict(name="beit_base_patch16_224", drop_path_rate=0.1),
    preprocess=dict(
        img_mean=(127.5, 127.5, 127.5),
        img_std=(127.5, 127.5, 127.5),
    ),
    test=dict(crop_pct=0.9),
    solver=dict(
        # None for positions, tokens, tables of distances, factors of the branches, biases and normalisation layers.
        weight_decay=(
            (0, "cls_token"),
            (0, "relative_position_bias_table"),
            (0, "gamma_"),
            (0, "bias"),
            (0, "NORM_TYPES"),
            0.05,
        ),
        max_epoch=100,
    ),
    model_ema=dict(enabled=False),
)
