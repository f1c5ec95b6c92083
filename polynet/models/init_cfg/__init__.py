"""Initial weights by rules in the config: MMEngine's `init_cfg`."""

from __future__ import annotations

from polynet.models.init_cfg.apply import apply_rules as apply_rules
from polynet.models.init_cfg.apply import draw_into as draw_into
from polynet.models.init_cfg.functions import caffe2_xavier_init as caffe2_xavier_init
from polynet.models.init_cfg.functions import constant_init as constant_init
from polynet.models.init_cfg.functions import kaiming_init as kaiming_init
from polynet.models.init_cfg.functions import normal_init as normal_init
from polynet.models.init_cfg.functions import trunc_normal_init as trunc_normal_init
from polynet.models.init_cfg.functions import uniform_init as uniform_init
from polynet.models.init_cfg.functions import xavier_init as xavier_init
from polynet.models.init_cfg.parse import Parsed as Parsed
from polynet.models.init_cfg.parse import parse as parse
from polynet.models.init_cfg.registry import WEIGHT_INITIALIZERS as WEIGHT_INITIALIZERS
from polynet.models.init_cfg.rules import Caffe2XavierInit as Caffe2XavierInit
from polynet.models.init_cfg.rules import ConstantInit as ConstantInit
from polynet.models.init_cfg.rules import KaimingInit as KaimingInit
from polynet.models.init_cfg.rules import NormalInit as NormalInit
from polynet.models.init_cfg.rules import PretrainedInit as PretrainedInit
from polynet.models.init_cfg.rules import TruncNormalInit as TruncNormalInit
from polynet.models.init_cfg.rules import UniformInit as UniformInit
from polynet.models.init_cfg.rules import XavierInit as XavierInit
from polynet.models.init_cfg.run import InitReport as InitReport
from polynet.models.init_cfg.run import seeded as seeded
