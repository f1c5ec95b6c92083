"""ViT Base, patches of 32 pixels, images of 224. Dosovitskiy et al. 2021, arXiv:2010.11929."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=88_224_232,
        multiply_adds=4.409e9,
        top1=75.912,
        source="torchvision, ViT_B_32_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vit_base_patch32_224"),
)
