"""ViT Base, patches of 16 pixels, images of 224. Dosovitskiy et al. 2021, arXiv:2010.11929."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=86_567_656,
        multiply_adds=17.564e9,
        top1=81.072,
        source="torchvision, ViT_B_16_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vit_base_patch16_224"),
)
