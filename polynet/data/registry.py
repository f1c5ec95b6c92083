"""Data sets, transforms, samplers, augmentation of batches and preprocessors by name."""

from __future__ import annotations

from polynet.registry.parts import PartRegistry

DATASETS = PartRegistry(
    "data set",
    {
        "ArrayDataset": "polynet.data.datasets.arrays",
        "CustomDataset": "polynet.data.datasets.openmmlab",
        "DigitsDataset": "polynet.data.datasets.arrays",
        "FakeData": "polynet.data.datasets.arrays",
        "FashionMNIST": "polynet.data.datasets.mnist",
        "FolderLoader": "polynet.data.datasets.image_folder:ImageFolder",
        "HuggingFaceDataset": "polynet.data.datasets.hugging_face",
        "ImageFolder": "polynet.data.datasets.image_folder",
        "ImageNet": "polynet.data.datasets.openmmlab",
        "MNIST": "polynet.data.datasets.mnist",
    },
)
TRANSFORMS = PartRegistry(
    "transform",
    {
        "AugMix": "polynet.data.transforms.auto_augment",
        "AutoAugment": "polynet.data.transforms.auto_augment",
        "CenterCrop": "polynet.data.transforms.crop",
        "ColorJitter": "polynet.data.transforms.colour",
        "EfficientNetCenterCrop": "polynet.data.transforms.efficientnet_crop",
        "EfficientNetRandomCrop": "polynet.data.transforms.efficientnet_crop",
        "GaussianBlur": "polynet.data.transforms.blur",
        "Grayscale": "polynet.data.transforms.colour",
        "Lighting": "polynet.data.transforms.colour",
        "LoadImageFromFile": "polynet.data.transforms.loading",
        "Normalise": "polynet.data.transforms.arrays",
        "PackInputs": "polynet.data.transforms.loading",
        "Pad": "polynet.data.transforms.crop",
        "RandAugment": "polynet.data.transforms.auto_augment",
        "RandomApply": "polynet.data.transforms.compose",
        "RandomCrop": "polynet.data.transforms.crop",
        "RandomErasing": "polynet.data.transforms.erasing",
        "RandomHorizontalFlip": "polynet.data.transforms.flip",
        "RandomResizedCrop": "polynet.data.transforms.crop",
        "RandomVerticalFlip": "polynet.data.transforms.flip",
        "Resize": "polynet.data.transforms.resize",
        "Solarize": "polynet.data.transforms.colour",
        "ToArray": "polynet.data.transforms.arrays",
        "ToColorSpace": "polynet.data.transforms.arrays",
        "TrivialAugment": "polynet.data.transforms.auto_augment",
    },
)
SAMPLERS = PartRegistry(
    "sampler",
    {
        "ClassBalancedSampler": "polynet.data.sampler",
        "DefaultSampler": "polynet.data.sampler:default_sampler",
        "InfiniteSampler": "polynet.data.sampler",
        "RepeatAugSampler": "polynet.data.sampler",
        "SequentialSampler": "polynet.data.sampler",
        "ShuffledSampler": "polynet.data.sampler",
    },
)
AUGMENTS = PartRegistry(
    "augmentation of batches",
    {
        "CutMix": "polynet.data.augments.mix",
        "Mixup": "polynet.data.augments.mix",
        "MixupCutmix": "polynet.data.augments.mixup_cutmix",
        "RandomBatchAugment": "polynet.data.augments.choice",
        "RandomErasing": "polynet.data.augments.random_erasing",
        "ResizeMix": "polynet.data.augments.mix",
    },
)
PREPROCESSORS = PartRegistry(
    "data preprocessor",
    {
        "BaseDataPreprocessor": "polynet.data.preprocessors.base",
        "BatchDataPreprocessor": "polynet.data.preprocessors.batch",
        "ClsDataPreprocessor": "polynet.data.preprocessors.classification",
        "ImgDataPreprocessor": "polynet.data.preprocessors.image",
        "SelfSupDataPreprocessor": "polynet.data.preprocessors.self_supervised",
        "TwoNormDataPreprocessor": "polynet.data.preprocessors.self_supervised",
    },
)
