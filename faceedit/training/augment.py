"""Random changes to batches of labelled photos, cheap enough for a CPU.

Everything works on whole batches of uint8 tensors and draws from one `torch.Generator`, so a seed fixes it.
"""

import io
import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812, its usual name
from PIL import Image

from faceedit.labelled import IGNORED
from faceedit.labels import ID
from faceedit.training.data import Loaded
from faceedit.training.jewellery import draw_necklace

ACCESSORIES = ("eye_g", "hat", "ear_r", "neck_l")
"""Parts that are pasted from one photo onto another, since few faces wear them."""

MIRROR = {ID[left]: ID[right] for left, right in (("l_eye", "r_eye"), ("l_brow", "r_brow"), ("l_ear", "r_ear"))}
"""Class ids that trade places when a photo is flipped."""


@dataclass(frozen=True)
class Augment:
    """How strongly photos are changed; shares are of 1, angles in degrees, shifts in shares of the crop.

    `paste`: share of photos given another's glasses, hat, earrings or necklace. It supposes aligned portraits: 0 turns
    it off. `necklace`: share of photos on which one is drawn. `backdrop`: share of photos whose background is replaced
    by a backdrop, where there are any. `close`: share of photos shown close up around the neck, `close_up` times as
    large, as a model sees them that looks twice for necklaces.
    """

    flip: float = 0.5
    paste: float = 0.25
    necklace: float = 0.08
    backdrop: float = 0.2
    border: float = 0.3
    turn: float = 15.0
    turn_far: float = 60.0
    far: float = 0.2
    scale: tuple[float, float] = (0.55, 1.4)
    close: float = 0.0
    close_up: tuple[float, float] = (1.4, 2.1)
    stretch: float = 0.08
    shift: float = 0.1
    color: float = 0.7
    grey: float = 0.12
    blur: float = 0.15
    noise: float = 0.15
    jpeg: float = 0.15


class Augmenter:
    """Draws changed batches from photos in memory.

    `photos` may be larger than `size`, so that zooming in loses nothing. `backdrops` (n, 3, s, s) uint8 or None.
    """

    def __init__(
        self,
        photos: Loaded,
        size: int,
        change: Augment,
        generator: torch.Generator,
        backdrops: torch.Tensor | None = None,
    ) -> None:
        self.photos, self.size, self.change, self.generator = photos, size, change, generator
        self.backdrops = backdrops
        self.wearers = {part: _photos_with(photos.labels, ID[part]) for part in ACCESSORIES}
        swap = torch.arange(256, dtype=torch.uint8)
        for left, right in MIRROR.items():
            swap[left], swap[right] = right, left
        self.swap = swap

    def batch(self, chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The chosen photos changed at random: pixels (n, 3, size, size) float32 0..1, labels (n, size, size) int64."""
        pixels, labels = self.photos.photos[chosen], self.photos.labels[chosen].clone()
        pixels, labels = self.paste(pixels, labels)
        for index in self.chance(len(chosen), self.change.necklace).nonzero()[:, 0].tolist():
            draw_necklace(pixels[index], labels[index], self.generator)
        pixels, labels = self.flip(pixels, labels)
        grid = self.grid(labels)
        shown = F.grid_sample(pixels.float() / 255, grid, padding_mode="reflection", align_corners=False)
        ids = F.grid_sample(labels[:, None].float(), grid, "nearest", "reflection", align_corners=False)[:, 0].long()
        outside = (grid.abs() > 1).any(-1)  # (n, size, size)
        shown, ids = self.borders(shown, ids, outside)
        return self.colors(shown), ids

    def chance(self, count: int, share: float) -> torch.Tensor:
        """(count,) bool, true for about this share."""
        return torch.rand(count, generator=self.generator) < share

    def uniform(self, count: int, low: float, high: float) -> torch.Tensor:
        """(count,) float32 within low..high."""
        return torch.rand(count, generator=self.generator) * (high - low) + low

    def pick(self, count: int, high: int) -> torch.Tensor:
        """(count,) int64 within 0..high-1."""
        return torch.randint(high, (count,), generator=self.generator)

    def paste(self, pixels: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give some photos an accessory of another photo, at the same place."""
        parts = [part for part in ACCESSORIES if len(self.wearers[part])]
        chosen = self.chance(len(pixels), self.change.paste).nonzero()[:, 0].tolist()
        if not parts or not chosen:
            return pixels, labels
        pixels = pixels.clone()
        for index, kind in zip(chosen, self.pick(len(chosen), len(parts)).tolist(), strict=True):
            part = parts[kind]
            wearers = self.wearers[part]
            donor = int(wearers[int(self.pick(1, len(wearers)))])
            mask = self.photos.labels[donor] == ID[part]
            if part == "hat":
                mask |= _rows_above(mask) & (labels[index] == ID["hair"])
            pixels[index] = torch.where(mask, self.photos.photos[donor], pixels[index])
            labels[index][mask] = self.photos.labels[donor][mask]
        return pixels, labels

    def flip(self, pixels: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mirror some photos; left and right parts trade their ids."""
        flipped = self.chance(len(pixels), self.change.flip)
        pixels = torch.where(flipped[:, None, None, None], pixels.flip(3), pixels)
        mirrored = self.swap[labels.flip(2).long()]
        return pixels, torch.where(flipped[:, None, None], mirrored, labels)

    def grid(self, labels: torch.Tensor) -> torch.Tensor:
        """A sampling grid (n, size, size, 2) of random turn, scale and shift for photos with these labels."""
        change, count = self.change, len(labels)
        near = torch.randn(count, generator=self.generator) * change.turn
        far = self.uniform(count, -change.turn_far, change.turn_far)
        angle = torch.where(self.chance(count, change.far), far, near.clamp(-2.5 * change.turn, 2.5 * change.turn))
        low, high = (math.log(scale) for scale in change.scale)
        zoom = torch.exp(-self.uniform(count, low, high))
        middle, necks = self.necks(labels)
        zoom = torch.where(necks, 1 / self.uniform(count, *change.close_up), zoom)
        room = (1 - zoom).clamp(min=0)[:, None]  # close up, but within the photo
        middle = middle.clamp(-room, room)
        stretch = torch.exp(self.uniform(count, -change.stretch, change.stretch))
        sine, cosine = torch.sin(angle * math.pi / 180), torch.cos(angle * math.pi / 180)
        theta = torch.zeros(count, 2, 3)
        theta[:, 0, 0], theta[:, 0, 1] = cosine * zoom * stretch, -sine * zoom * stretch
        theta[:, 1, 0], theta[:, 1, 1] = sine * zoom / stretch, cosine * zoom / stretch
        # Shifts are measured in the crop, so a face far away is moved as far within it as a near one.
        theta[:, 0, 2] = middle[:, 0] + self.uniform(count, -2, 2) * change.shift * zoom
        theta[:, 1, 2] = middle[:, 1] + self.uniform(count, -2, 2) * change.shift * zoom
        return F.affine_grid(theta, [count, 3, self.size, self.size], align_corners=False)

    def necks(self, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What photos are shown around, (n, 2) of x and y from -1 to 1; and which of them close up around the neck."""
        middle, necks = torch.zeros(len(labels), 2), self.chance(len(labels), self.change.close)
        for index in necks.nonzero()[:, 0].tolist():
            places = (labels[index] == ID["neck_l"]).nonzero()
            if not len(places):
                places = (labels[index] == ID["neck"]).nonzero()
            necks[index] = len(places) > 0
            if len(places):
                middle[index] = (2 * (places.float().mean(0) + 0.5) / len(labels[index]) - 1).flip(0)
        return middle, necks

    def borders(
        self, pixels: torch.Tensor, labels: torch.Tensor, outside: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Fill what lies beyond the photo, else mirrored, with one color, noise or a backdrop, labelled background."""
        count = len(pixels)
        filled = self.chance(count, self.change.border)[:, None, None] & outside
        kind = self.pick(count, 4)
        plain = torch.rand(count, 3, 1, 1, generator=self.generator).expand_as(pixels).clone()
        plain[kind == 0] = 0.0
        noisy = (plain + 0.25 * torch.randn(pixels.shape, generator=self.generator)).clamp(0, 1)
        fill = torch.where((kind == 1)[:, None, None, None], noisy, plain)
        if self.backdrops is not None:
            scene = self.scenes(self.backdrops[self.pick(count, len(self.backdrops))])
            fill = torch.where((kind == 3)[:, None, None, None], scene, fill)
            replaced = self.chance(count, self.change.backdrop)[:, None, None]
            fill = torch.where(replaced[..., None], scene, fill)
            filled |= replaced & ((labels == 0) | outside)
        # A soft edge, so that the cut itself tells nothing.
        soft = F.avg_pool2d(filled[:, None].float(), 3, 1, 1)
        return pixels * (1 - soft) + fill * soft, torch.where(filled & (labels != IGNORED), 0, labels)

    def scenes(self, backdrops: torch.Tensor) -> torch.Tensor:
        """Random cut-outs (count, 3, size, size) float32 of backdrops (count, 3, s, s) uint8."""
        count, shown = len(backdrops), backdrops.float() / 255
        zoom = self.uniform(count, 0.3, 1.0)
        theta = torch.zeros(count, 2, 3)
        theta[:, 0, 0] = zoom * (1 - 2 * self.chance(count, 0.5).float())
        theta[:, 1, 1] = zoom
        theta[:, :, 2] = (torch.rand(count, 2, generator=self.generator) * 2 - 1) * (1 - zoom)[:, None]
        grid = F.affine_grid(theta, [count, 3, self.size, self.size], align_corners=False)
        return F.grid_sample(shown, grid, padding_mode="reflection", align_corners=False)

    def colors(self, pixels: torch.Tensor) -> torch.Tensor:
        """Change light, contrast, gamma, tint and saturation; blur, add noise, compress."""
        count, change = len(pixels), self.change

        def factor(low: float, high: float, channels: int = 1) -> torch.Tensor:
            drawn = self.uniform(count * channels, low, high).reshape(count, channels, 1, 1)
            return torch.where(used, drawn, torch.ones_like(drawn))

        used = self.chance(count, change.color)[:, None, None, None]
        grey = pixels.mean(1, keepdim=True)
        saturation = torch.where(self.chance(count, change.grey)[:, None, None, None], 0.0, factor(0.4, 1.5))
        pixels = grey + (pixels - grey) * saturation
        middle = pixels.mean((1, 2, 3), keepdim=True)
        pixels = (middle + (pixels - middle) * factor(0.6, 1.4)) * factor(0.4, 1.4) * factor(0.88, 1.12, 3)
        pixels = pixels.clamp(1e-4, 1) ** factor(0.7, 1.4)
        pixels = self.blurred(pixels)
        strength = self.uniform(count, 0.01, 0.08) * self.chance(count, change.noise)
        pixels = pixels + strength[:, None, None, None] * torch.randn(pixels.shape, generator=self.generator)
        return self.compressed(pixels.clamp(0, 1))

    def blurred(self, pixels: torch.Tensor) -> torch.Tensor:
        """Some photos shrunk and enlarged again, as if they were small ones."""
        pixels = pixels.clone()
        for index in self.chance(len(pixels), self.change.blur).nonzero()[:, 0].tolist():
            small = max(8, int(self.size * float(self.uniform(1, 0.25, 0.7))))
            shrunk = F.interpolate(pixels[index : index + 1], size=small, mode="bilinear", antialias=True)
            pixels[index] = F.interpolate(shrunk, size=self.size, mode="bilinear")[0]
        return pixels

    def compressed(self, pixels: torch.Tensor) -> torch.Tensor:
        """Some photos saved as JPEG of low quality and opened again."""
        for index in self.chance(len(pixels), self.change.jpeg).nonzero()[:, 0].tolist():
            quality = int(self.uniform(1, 15, 70))
            array = (pixels[index] * 255).byte().permute(1, 2, 0).numpy()
            buffer = io.BytesIO()
            Image.fromarray(array).save(buffer, "JPEG", quality=quality)
            opened = np.asarray(Image.open(buffer), np.float32) / 255
            pixels[index] = torch.from_numpy(opened).permute(2, 0, 1)
        return pixels


def _photos_with(labels: torch.Tensor, part: int) -> torch.Tensor:
    return torch.tensor([i for i, ids in enumerate(labels) if bool((ids == part).any())], dtype=torch.int64)


def _rows_above(mask: torch.Tensor) -> torch.Tensor:
    """What lies above a mask (h, w) bool in each column."""
    return mask.flip(0).cumsum(0).flip(0) > 0


def sampling_weights(labels: torch.Tensor, wanted: float = 0.2) -> torch.Tensor:
    """How often each photo is drawn, (n,) float64: more often where it shows a part that few photos show.

    The repeat factor of LVIS (Gupta et al. 2019): sqrt(wanted / share of photos with the part), at least 1.
    """
    shows = torch.stack([(labels == part).flatten(1).any(1) for part in range(1, 19)], 1)  # (n, 18)
    share = shows.double().mean(0).clamp(min=1e-6)
    repeat = (wanted / share).sqrt().clamp(min=1.0)
    return torch.where(shows, repeat, torch.ones_like(repeat)).amax(1)
