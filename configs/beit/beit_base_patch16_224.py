"""BEiT Base, images of 224 pixels, fine-tuned after masked image modelling. Bao et al. 2021, arXiv:2106.08254."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=86.53e6,
        multiply_adds=17.58e9,
        top1=85.2,
        source="timm's tables of results, beit_base_patch16_224.in22k_ft_in22k_in1k",
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
)
