"""Labels from the hub's inference service, for people who want no model on their machine: THE PHOTO LEAVES IT.

Off unless named. Crops of faces are sent, the service answers with a list of label, score and mask picture. The token
comes from the environment or the hub's own login, as `huggingface_hub` finds it.
"""

import io
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.errors import ModelError, PhotoError, SetupError
from faceedit.labels import ID, PARTS
from faceedit.photo import Model

# Edge of the crops sent, and of the answer's grid: masks are 0 or 1, so a cell's mean over 4 x 4 pixels says more.
SIZE, GRID = 512, 128
# A mask says "certainly"; a part's probability is never less or more certain than this.
DOUBT = 1e-3
SECONDS_FOR_ANSWER = 60.0
# How often a service that is loading its model, or hung up, is asked again, and the pause before (doubled each time).
ATTEMPTS = 5
PAUSE_SECONDS = 5.0
LONGEST_PAUSE = 60.0
LOADING = 503
REFUSED = (401, 403)


class Remote:
    """A segmenter that asks the service for `where`: `owner/name` on the hub, or the address of an endpoint.

    Raises:
        SetupError: the address is not encrypted.
    """

    def __init__(self, where: str, *, timeout: float = SECONDS_FOR_ANSWER, pause: float = PAUSE_SECONDS) -> None:
        from huggingface_hub import InferenceClient  # noqa: PLC0415 - slow to import, seldom wanted

        if where.startswith("http://") and not where.startswith(("http://127.0.0.1", "http://localhost")):
            raise SetupError(f"{where} is not encrypted, and faces would be sent there", "use an https address")
        self.where, self.size, self.pause = where, SIZE, pause
        self.model = Model(f"remote:{where}")
        self.notes = (f"the faces in the photo were sent to {where} to be labelled",)
        self._client = InferenceClient(where, provider="hf-inference", timeout=timeout)

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (n, 19, 128, 128) float32 for crops (n, 512, 512, 3) uint8, each sent on its own.

        Raises:
            SetupError: the service wants a token, or another one.
            ModelError: the model there does not exist, or labels other parts.
            PhotoError: no answer, after some attempts.
        """
        return np.stack([self._logits(self._ask(_png(crop))) for crop in crops])

    def _ask(self, picture: bytes) -> Sequence[Any]:
        """The service's answer to one picture: elements with `label` and `mask`."""
        from huggingface_hub import errors  # noqa: PLC0415 - slow to import

        http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined] # of whichever library it uses

        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(min(self.pause * 2 ** (attempt - 1), LONGEST_PAUSE))
            try:
                return self._client.image_segmentation(picture)
            except errors.HfHubHTTPError as error:
                reason = self._reason(error)
            except (http_error, OSError) as error:  # no connection, cut off, timed out
                reason = str(error).strip() or type(error).__name__
            except (ValueError, KeyError, TypeError) as error:  # an answer that is no list of labels and masks
                raise ModelError(
                    f"{self.where} gave an unfit answer: {error}", "is it a segmentation model?"
                ) from error
        raise PhotoError(f"{self.where} gave no labels: {reason}", "try later, or use --model lite")

    def _reason(self, error: Any) -> str:
        """Why the service said no, if asking again may help.

        Raises:
            SetupError: it wants a token.
            ModelError: it refuses for good.
        """
        status = error.response.status_code
        if status in REFUSED:
            raise SetupError(f"{self.where} refuses access ({status})", "set HF_TOKEN, or: hf auth login") from error
        if status == LOADING:
            return "its model is still being loaded"
        if 400 <= status < 500 and status not in (408, 429):
            raise ModelError(f"{self.where} cannot do it: {str(error).splitlines()[0]}", "check its name") from error
        return f"it answered {status}"

    def _logits(self, answer: Sequence[Any]) -> NDArray[np.float32]:
        """(19, 128, 128) float32 from labels and masks."""
        strange = sorted({str(one.label) for one in answer} - set(PARTS))
        if strange or not answer:
            said = f"labels other parts: {', '.join(strange[:25])}" if strange else "gave no labels"
            raise ModelError(f"the model at {self.where} {said}", "it must have the 19 CelebAMask-HQ names")
        shares = np.zeros((len(PARTS), GRID, GRID), np.float32)
        for one in answer:
            mask = one.mask.convert("L").resize((GRID, GRID), Image.Resampling.BOX)
            shares[ID[one.label]] = np.maximum(shares[ID[one.label]], np.asarray(mask, np.float32) / 255)
        unclaimed = np.clip(1 - shares.sum(0), 0, 1)  # some services leave the background out
        shares[ID["background"]] = np.maximum(shares[ID["background"]], unclaimed)
        logits: NDArray[np.float32] = np.log(np.clip(shares, DOUBT, 1))
        return logits


def _png(crop: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(crop).save(file, "PNG", compress_level=1)
    return file.getvalue()
