"""MobileNet v3 Small, width 0.75. Howard et al. 2019, arXiv:1905.02244.

The paper's has 2.0 million parameters: BaseCls scales the head's hidden layer too, the paper does not.
"""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    model=dict(name="mbnetv3_small_x075", head=dict(dropout_prob=0.1)),
    loss=dict(label_smooth=0.0),
)
