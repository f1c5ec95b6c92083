"""MLP-Mixer Base, patches of 16 pixels, images of 224. Tolstikhin et al. 2021, arXiv:2105.01601.

The authors' training on ImageNet from scratch (big_vision, mlp_mixer_i1k): 300 epochs, a batch of 4096, 10 000 steps of
warm-up, a linear schedule, decoupled decay and clipped gradients; but the loss there is that of a sigmoid.
"""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    batch_size=64,
    published=dict(
        parameters=59.88e6,
        multiply_adds=12.62e9,
        top1=76.616,
        source="timm's tables of results and of benchmarks, mixer_b16_224.goog_in21k_ft_in1k",
    ),
    model=dict(name="mixer_b16_224", drop_path_rate=0.1),
    preprocess=dict(
        img_mean=(127.5, 127.5, 127.5),
        img_std=(127.5, 127.5, 127.5),
    ),
    augments=dict(
        name="RandAugment",
        rand_aug=dict(magnitude=15, n_ops=2),
        mixup=dict(mixup_alpha=0.5),
    ),
    solver=dict(
        optimizer="adamw",
        # 1e-3 for a batch of 4096.
        basic_lr=1.5625e-5,
        weight_decay=0.1,
        max_epoch=300,
        warmup_epochs=32,
        warmup_factor=1e-3,
        lr_schedule="linear",
        grad_clip=dict(name="norm", max_norm=1.0),
    ),
)
