"""A restorer that needs no network, and archives to run it on."""

from __future__ import annotations

import cv2


class Softener:
    """Blurs a little; enlarges when its name ends in -x2; raises on pictures 13 pixels wide."""

    def __init__(self, name):
        self.name, self.scale = name, 2 if name.endswith("-x2") else 1
        self.version = "0" * 60 + f"{len(name):04d}"

    def restore(self, image):
        if image.shape[1] == 13:
            raise ValueError("thirteen")
        soft = cv2.GaussianBlur(image, (5, 5), 1)
        return cv2.resize(soft, None, fx=self.scale, fy=self.scale) if self.scale > 1 else soft


def load_softener(name, engine):
    return Softener(name)
