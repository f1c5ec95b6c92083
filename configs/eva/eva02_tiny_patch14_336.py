"""EVA-02 Tiny, images of 336 pixels, fine-tuned after masked image modelling. Fang et al. 2023, arXiv:2303.11331.

Trained as in the authors' repository, a rate of 2e-4 for 1024 images, but that it falls by a factor of 0.9 from a layer
to the one before it, which a config cannot say.
"""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=5.76e6,
        multiply_adds=4.68e9,
        top1=80.648,
        source="timm's tables of results and of benchmarks, eva02_tiny_patch14_336.mim_in22k_ft_in1k",
    ),
    model=dict(name="eva02_tiny_patch14_336", drop_path_rate=0.1),
    preprocess=dict(
        img_size=336,
        img_mean=(104.094, 116.747, 122.771),  # CLIP's
        img_std=(70.323, 66.632, 68.501),
    ),
    test=dict(img_size=336, crop_pct=1.0),
    augments=dict(rand_erase=dict(prob=0.0), mixup=dict(mixup_alpha=0.0, cutmix_alpha=0.0)),
    solver=dict(
        basic_lr=1.25e-5,
        lr_min_factor=0,
        max_epoch=100,
        warmup_epochs=5,
    ),
)
