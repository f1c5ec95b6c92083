"""Pillow, by which the transforms work on images; where it is missing, an error says how to get it."""

from __future__ import annotations

from polynet.errors import BackendUnavailableError

try:
    from PIL import Image as Image
    from PIL import ImageEnhance as ImageEnhance
    from PIL import ImageFilter as ImageFilter
    from PIL import ImageOps as ImageOps
except ImportError as error:
    message = "Transforms of images need Pillow, which is not installed here: pip install 'polynet[images]'."
    raise BackendUnavailableError(message) from error
