"""Transforms of images: called as `transform(image, generator)`, they draw from the generator alone.

An image is a Pillow image of mode "RGB" or "L", or a uint8 array `(height, width, channels)`, red first; Pillow does
the work on pixels. `ToArray` ends a pipeline: uint8 `(channels, height, width)`.
"""

from __future__ import annotations

from polynet.data.transforms.arrays import Normalise as Normalise
from polynet.data.transforms.arrays import ToArray as ToArray
from polynet.data.transforms.arrays import ToColorSpace as ToColorSpace
from polynet.data.transforms.auto_augment import AugMix as AugMix
from polynet.data.transforms.auto_augment import AutoAugment as AutoAugment
from polynet.data.transforms.auto_augment import RandAugment as RandAugment
from polynet.data.transforms.auto_augment import TrivialAugment as TrivialAugment
from polynet.data.transforms.base import Transform as Transform
from polynet.data.transforms.base import as_array as as_array
from polynet.data.transforms.base import as_image as as_image
from polynet.data.transforms.basecls import build_transforms as build_transforms
from polynet.data.transforms.basecls import test_transform as test_transform
from polynet.data.transforms.basecls import train_transform as train_transform
from polynet.data.transforms.blur import GaussianBlur as GaussianBlur
from polynet.data.transforms.colour import ColorJitter as ColorJitter
from polynet.data.transforms.colour import Grayscale as Grayscale
from polynet.data.transforms.colour import Lighting as Lighting
from polynet.data.transforms.colour import Solarize as Solarize
from polynet.data.transforms.compose import Compose as Compose
from polynet.data.transforms.compose import RandomApply as RandomApply
from polynet.data.transforms.crop import CenterCrop as CenterCrop
from polynet.data.transforms.crop import Pad as Pad
from polynet.data.transforms.crop import RandomCrop as RandomCrop
from polynet.data.transforms.crop import RandomResizedCrop as RandomResizedCrop
from polynet.data.transforms.efficientnet_crop import EfficientNetCenterCrop as EfficientNetCenterCrop
from polynet.data.transforms.efficientnet_crop import EfficientNetRandomCrop as EfficientNetRandomCrop
from polynet.data.transforms.erasing import RandomErasing as RandomErasing
from polynet.data.transforms.flip import RandomHorizontalFlip as RandomHorizontalFlip
from polynet.data.transforms.flip import RandomVerticalFlip as RandomVerticalFlip
from polynet.data.transforms.loading import LoadImageFromFile as LoadImageFromFile
from polynet.data.transforms.loading import PackInputs as PackInputs
from polynet.data.transforms.pipeline import build_pipeline as build_pipeline
from polynet.data.transforms.resize import Resize as Resize
from polynet.data.transforms.resize import size_before_crop as size_before_crop
