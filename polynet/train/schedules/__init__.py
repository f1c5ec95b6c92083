"""Schedules: how learning rates, and other settings of an optimiser, change in the course of training."""

from __future__ import annotations

from polynet.train.schedules.affine import Affine as Affine
from polynet.train.schedules.application import ScheduledGroups as ScheduledGroups
from polynet.train.schedules.basecls import BaseClsLR as BaseClsLR
from polynet.train.schedules.building import build_schedules as build_schedules
from polynet.train.schedules.building import build_schedules_for as build_schedules_for
from polynet.train.schedules.combination import Combination as Combination
from polynet.train.schedules.constant import ConstantLR as ConstantLR
from polynet.train.schedules.constant import ConstantMomentum as ConstantMomentum
from polynet.train.schedules.constant import ConstantParamScheduler as ConstantParamScheduler
from polynet.train.schedules.cosine import CosineAnnealingLR as CosineAnnealingLR
from polynet.train.schedules.cosine import CosineAnnealingMomentum as CosineAnnealingMomentum
from polynet.train.schedules.cosine import CosineAnnealingParamScheduler as CosineAnnealingParamScheduler
from polynet.train.schedules.cosine import CosineRestartLR as CosineRestartLR
from polynet.train.schedules.cosine import CosineRestartMomentum as CosineRestartMomentum
from polynet.train.schedules.cosine import CosineRestartParamScheduler as CosineRestartParamScheduler
from polynet.train.schedules.exponential import ExponentialLR as ExponentialLR
from polynet.train.schedules.exponential import ExponentialMomentum as ExponentialMomentum
from polynet.train.schedules.exponential import ExponentialParamScheduler as ExponentialParamScheduler
from polynet.train.schedules.linear import LinearLR as LinearLR
from polynet.train.schedules.linear import LinearMomentum as LinearMomentum
from polynet.train.schedules.linear import LinearParamScheduler as LinearParamScheduler
from polynet.train.schedules.one_cycle import OneCycleLR as OneCycleLR
from polynet.train.schedules.one_cycle import OneCycleParamScheduler as OneCycleParamScheduler
from polynet.train.schedules.plateau import ReduceOnPlateauLR as ReduceOnPlateauLR
from polynet.train.schedules.plateau import ReduceOnPlateauMomentum as ReduceOnPlateauMomentum
from polynet.train.schedules.plateau import ReduceOnPlateauParamScheduler as ReduceOnPlateauParamScheduler
from polynet.train.schedules.polynomial import PolyLR as PolyLR
from polynet.train.schedules.polynomial import PolyMomentum as PolyMomentum
from polynet.train.schedules.polynomial import PolyParamScheduler as PolyParamScheduler
from polynet.train.schedules.schedule import FOREVER as FOREVER
from polynet.train.schedules.schedule import Schedule as Schedule
from polynet.train.schedules.step import MultiStepLR as MultiStepLR
from polynet.train.schedules.step import MultiStepMomentum as MultiStepMomentum
from polynet.train.schedules.step import MultiStepParamScheduler as MultiStepParamScheduler
from polynet.train.schedules.step import StepLR as StepLR
from polynet.train.schedules.step import StepMomentum as StepMomentum
from polynet.train.schedules.step import StepParamScheduler as StepParamScheduler
