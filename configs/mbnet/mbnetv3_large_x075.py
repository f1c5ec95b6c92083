"""MobileNet v3 Large, width 0.75. Howard et al. 2019, arXiv:1905.02244.

The paper's has 4.0 million parameters: BaseCls scales the head's hidden layer too, the paper does not.
"""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    model=dict(name="mbnetv3_large_x075"),
)
