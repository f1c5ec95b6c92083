"""GoogLeNet with its auxiliary classifiers. Szegedy et al. 2014, arXiv:1409.4842, section 6: 4 % less every 8 epochs.

What the paper does not say, the rate and the weight decay, are those of Caffe's bvlc_googlenet; the epochs are as many
as bring the rate below a fifth.
"""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=13_004_888,
        multiply_adds=1.498e9,
        top1=69.778,
        source="torchvision, GoogLeNet_Weights.IMAGENET1K_V1; parameters of its googlenet(aux_logits=True), 6_624_904 without",
    ),
    model=dict(name="googlenet", aux_logits=True, head=dict(dropout_prob=0.4)),
    solver=dict(
        basic_lr=0.01,
        weight_decay=2e-4,
        max_epoch=336,
        warmup_epochs=0,
        lr_decay_factor=0.96,
        lr_decay_steps=tuple(range(8, 336, 8)),
    ),
    model_ema=dict(enabled=True),
)
