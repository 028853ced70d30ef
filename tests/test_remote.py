"""The remote segmenter against a small server that speaks the hub's inference protocol."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from faceedit import models
from faceedit.errors import ModelError, PhotoError, SetupError, UsageError
from faceedit.labels import ID, PARTS
from faceedit.registry import Registry
from faceedit.segmentation.remote import DOUBT, SIZE, Remote

CROPS = np.zeros((1, SIZE, SIZE, 3), np.uint8)
Answer = Callable[[BaseHTTPRequestHandler], None]


def mask(part: str, left: int, right: int) -> dict[str, object]:
    """One element of the service's answer: `part` in the columns `left` to `right`."""
    picture = Image.new("L", (SIZE, SIZE))
    picture.paste(255, (left, 0, right, SIZE))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return {"label": part, "score": 1.0, "mask": base64.b64encode(file.getvalue()).decode()}


def reply(status: int, content: object) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        body = json.dumps(content).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """Promise more bytes than are sent, then close."""
    request.send_response(200)
    request.send_header("Content-Length", "5000")
    request.end_headers()
    request.wfile.write(b'[{"label"')
    request.close_connection = True


def sleep(_: BaseHTTPRequestHandler) -> None:
    time.sleep(1)


GOOD = reply(200, [mask("skin", 0, 256), mask("hair", 256, 512)])
LOADING = reply(503, {"error": "Model is currently loading", "estimated_time": 20})


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A server that gives its `answers` in turn, the last one again and again, and notes what it was sent."""
    said = SimpleNamespace(answers=[GOOD], received=[], tokens=[])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.received.append(self.rfile.read(int(self.headers["Content-Length"])))
            said.tokens.append(self.headers["Authorization"])
            (said.answers.pop(0) if len(said.answers) > 1 else said.answers[0])(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said.address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_environment")
    yield said
    server.shutdown()
    server.server_close()


def remote(service: SimpleNamespace, timeout: float = 10) -> Remote:
    return Remote(service.address, timeout=timeout, pause=0.01)


def test_masks_of_the_service_become_logits_in_canonical_order(service: SimpleNamespace) -> None:
    logits = remote(service).logits(np.concatenate([CROPS, CROPS]))
    assert logits.shape == (2, len(PARTS), SIZE // 4, SIZE // 4)
    assert logits.dtype == np.float32
    assert (logits[0].argmax(0)[:, :64] == ID["skin"]).all()
    assert (logits[1].argmax(0)[:, 64:] == ID["hair"]).all()


def test_what_no_mask_claims_is_background(service: SimpleNamespace) -> None:
    service.answers = [reply(200, [mask("skin", 0, 256)])]
    logits = remote(service).logits(CROPS)[0]
    assert (logits.argmax(0)[:, 64:] == ID["background"]).all()
    assert logits[ID["hair"]].max() == pytest.approx(np.log(DOUBT))


def test_the_crop_is_sent_as_a_lossless_picture_with_the_token_of_the_environment(service: SimpleNamespace) -> None:
    crop = np.random.default_rng(0).integers(0, 255, CROPS.shape, np.uint8)
    remote(service).logits(crop)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(service.received[0]))), crop[0])
    assert service.tokens == ["Bearer hf_of_the_environment"]


def test_a_model_that_is_still_loading_is_asked_again(service: SimpleNamespace) -> None:
    service.answers = [LOADING, LOADING, GOOD]
    assert remote(service).logits(CROPS).shape[1] == len(PARTS)
    assert len(service.received) == 3


def test_a_model_that_never_loads_is_given_up_with_the_reason(service: SimpleNamespace) -> None:
    service.answers = [LOADING]
    with pytest.raises(PhotoError, match="still being loaded"):
        remote(service).logits(CROPS)


def test_a_wrong_token_is_said_and_not_tried_again(service: SimpleNamespace) -> None:
    service.answers = [reply(401, {"error": "Invalid credentials"})]
    with pytest.raises(SetupError, match=r"refuses access \(401\).*HF_TOKEN"):
        remote(service).logits(CROPS)
    assert len(service.received) == 1


def test_an_unknown_model_is_a_model_error(service: SimpleNamespace) -> None:
    service.answers = [reply(404, {"error": "Model not found"})]
    with pytest.raises(ModelError, match="cannot do it"):
        remote(service).logits(CROPS)


def test_other_labels_are_refused_by_name(service: SimpleNamespace) -> None:
    service.answers = [reply(200, [mask("cat", 0, 512), mask("skin", 0, 9)])]
    with pytest.raises(ModelError, match="other parts: cat"):
        remote(service).logits(CROPS)


@pytest.mark.parametrize("content", [{"labels": 3}, [{"label": "skin"}], [], [{"label": "skin", "mask": "no picture"}]])
def test_an_answer_that_is_no_list_of_masks_is_a_model_error(service: SimpleNamespace, content: object) -> None:
    service.answers = [reply(200, content)]
    with pytest.raises(ModelError):
        remote(service).logits(CROPS)


def test_a_cut_connection_is_tried_again(service: SimpleNamespace) -> None:
    service.answers = [hang_up, GOOD]
    assert remote(service).logits(CROPS).shape[0] == 1


def test_connections_cut_again_and_again_fail_the_photo(service: SimpleNamespace) -> None:
    service.answers = [hang_up]
    with pytest.raises(PhotoError, match="gave no labels"):
        remote(service).logits(CROPS)


def test_a_service_that_does_not_answer_in_time_fails_the_photo(service: SimpleNamespace) -> None:
    service.answers = [sleep]
    with pytest.raises(PhotoError, match="timed out"):
        remote(service, timeout=0.05).logits(CROPS)


def test_nobody_listening_fails_the_photo() -> None:
    with pytest.raises(PhotoError, match="gave no labels"):
        Remote("http://127.0.0.1:9", pause=0.01).logits(CROPS)


def test_faces_are_not_sent_unencrypted_to_another_machine() -> None:
    with pytest.raises(SetupError, match="not encrypted"):
        Remote("http://example.org/model")


def test_the_report_says_that_the_photo_left_the_machine(service: SimpleNamespace) -> None:
    assert remote(service).notes == (f"the faces in the photo were sent to {service.address} to be labelled",)


def test_remote_is_loaded_only_by_its_name(service: SimpleNamespace) -> None:
    segmenter = models.load(f"remote:{service.address}")
    assert isinstance(segmenter, Remote)
    assert segmenter.model.name == f"remote:{service.address}"


def test_remote_cannot_be_made_the_default() -> None:
    with pytest.raises(ModelError):
        models.use("remote")


@pytest.mark.parametrize(
    ("name", "redacts", "allowed"), [("remote", True, True), ("remote", False, False), ("lite", True, False)]
)
def test_a_remote_model_is_let_through_where_nothing_is_to_be_hidden_or_it_is_allowed(
    name: str, redacts: bool, allowed: bool
) -> None:
    models.refuse_remote(name, redacts=redacts, allowed=allowed)


@pytest.mark.parametrize("name", ["remote", "remote:owner/name"])
def test_a_remote_model_is_refused_in_a_recipe_that_redacts(name: str) -> None:
    with pytest.raises(UsageError, match="--allow-remote"):
        models.refuse_remote(name, redacts=True, allowed=False)


def test_a_remote_model_is_never_shown_the_whole_photo(service: SimpleNamespace) -> None:
    with pytest.raises(SetupError, match="face detector"):
        models.face_finder(f"remote:{service.address}", Registry.installed(), detector="segmentation")
