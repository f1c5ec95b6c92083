"""EfficientNet v2 B3. Tan and Le 2021, arXiv:2104.00298.

BaseCls rounds some widths otherwise than the paper does, which makes it 0.1 % larger: no figures are quoted.
"""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    model=dict(name="effnetv2_b3"),
    preprocess=dict(img_size=240),
    test=dict(img_size=300, crop_pct=300 / 332),
)
