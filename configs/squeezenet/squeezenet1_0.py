"""SqueezeNet 1.0. Iandola et al. 2016, arXiv:1602.07360, with the solver of the authors' repository."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=1_248_424,
        multiply_adds=819e6,
        top1=58.092,
        source="torchvision, SqueezeNet1_0_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="squeezenet1_0"),
    batch_size=64,
    solver=dict(basic_lr=0.005, weight_decay=2e-4, max_epoch=68, warmup_epochs=0, lr_schedule="linear"),
)
