"""MobileViT-S. Mehta and Rastegari 2022, arXiv:2110.02178; trained as there, but at one size of images."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(parameters=5.6e6, top1=78.4, source="Mehta and Rastegari 2022, figure 6"),
    model=dict(name="mobilevit_s"),
    batch_size=64,
    preprocess=dict(img_size=256, img_mean=(0.0, 0.0, 0.0), img_std=(255.0, 255.0, 255.0)),
    test=dict(img_size=256, crop_pct=256 / 288),
    loss=dict(label_smooth=0.1),
    solver=dict(
        optimizer="adamw",
        basic_lr=1.25e-4,
        lr_min_factor=0.1,
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 0.01),  # none for biases and normalisation layers
        max_epoch=300,
        warmup_epochs=3,
        warmup_factor=0.1,
        lr_schedule="cosine",
    ),
    model_ema=dict(enabled=True, momentum=0.9995),
)
