"""AlexNet in its one-tower form. Krizhevsky 2014, arXiv:1404.5997."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=61_100_840,
        multiply_adds=714e6,
        top1=56.522,
        source="torchvision, AlexNet_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="alexnet"),
    solver=dict(basic_lr=0.00125, max_epoch=90, lr_decay_steps=(30, 60)),
)
