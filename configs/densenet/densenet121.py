"""DenseNet-121. Huang et al. 2017, arXiv:1608.06993; trained as there: 90 epochs, a rate of 0.1 for 256 images."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=7_978_856,
        multiply_adds=2.834e9,
        top1=74.434,
        source="torchvision, DenseNet121_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="densenet121"),
    solver=dict(nesterov=True, max_epoch=90, warmup_epochs=0, lr_decay_steps=(30, 60)),
)
