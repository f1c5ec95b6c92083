"""RepLKNet-31B. Ding et al. 2022, arXiv:2203.06717; trained as github.com/MegEngine/RepLKNet does, on 16 devices."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=79e6,
        multiply_adds=15.3e9,
        top1=83.5,
        source="the authors' repository RepLKNet-pytorch, RepLKNet-31B at 224",
    ),
    model=dict(name="replknet_31b", drop_path_rate=0.5),
    batch_size=128,
    bn=dict(precise_every_n_epoch=5),
    loss=dict(label_smooth=0.1),
    augments=dict(
        name="RandAugment",
        resize=dict(interpolation="bicubic"),
        rand_erase=dict(prob=0.25, mode="pixel"),
        mixup=dict(mixup_alpha=0.8, cutmix_alpha=1.0),
    ),
    solver=dict(
        optimizer="adamw",
        basic_lr=2.5e-4,
        lr_min_factor=1e-3,
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 0.05),  # none for biases and normalisation layers
        max_epoch=300,
        warmup_epochs=10,
        lr_schedule="cosine",
    ),
    model_ema=dict(enabled=True, momentum=0.9992, update_period=8),
    amp=dict(enabled=True, dynamic_scale=True),
    eval_every_n_epoch=5,
    save_every_n_epoch=50,
)
