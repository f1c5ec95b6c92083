"""What the configs of EfficientNet-Lite share: as the other EfficientNets, with light augmentation."""

_base_ = "effnet.py"

_cfg = dict(
    augments=dict(name="ColorAugment", resize=dict(interpolation="bilinear"), rand_erase=dict(prob=0.0)),
)
