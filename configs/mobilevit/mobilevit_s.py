"""MobileViT-S. Mehta and Rastegari 2022, arXiv:2110.02178; trained as the authors' CVNets does.

A rate of 2e-3 for 1024 images, which are cropped and flipped only. CVNets draws the size of each batch; here all have
one.
"""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=5.58e6,
        multiply_adds=2.03e9,
        top1=78.298,
        source="timm's tables of results and of benchmarks, mobilevit_s.cvnets_in1k",
    ),
    model=dict(name="mobilevit_s", head=dict(dropout_prob=0.1)),
    batch_size=64,
    preprocess=dict(img_size=256, img_mean=(0.0, 0.0, 0.0), img_std=(255.0, 255.0, 255.0)),
    test=dict(img_size=256, crop_pct=256 / 288),
    loss=dict(label_smooth=0.1),
    augments=dict(name="SimpleAugment"),
    solver=dict(
        optimizer="adamw",
        basic_lr=1.25e-4,
        lr_min_factor=0.1,
        weight_decay=0.01,  # of all parameters
        max_epoch=300,
        warmup_epochs=3,  # 3000 steps there, which are 2.4
        warmup_factor=0.1,
        lr_schedule="cosine",
    ),
    model_ema=dict(enabled=True, momentum=0.9995),
)
