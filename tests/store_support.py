"""A server on this machine that speaks S3, and what lies in it: import `server` and `bucket` as fixtures."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faceedit import stores

SECRET = "not-to-be-told-to-anybody"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server; the environment leads everything that speaks S3 to it."""
    moto = pytest.importorskip("moto.server", reason="no S3 server")
    running = moto.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        forget()
        yield f"http://{host}:{port}"
        forget()
    running.stop()


def forget() -> None:
    """Let the next look at a store begin anew, with the environment as it is then."""
    stores._filesystem.cache_clear()
    pytest.importorskip("s3fs").S3FileSystem.clear_instance_cache()


class Bucket:
    """What lies in one bucket."""

    def __init__(self) -> None:
        import boto3  # noqa: PLC0415 - only where there is a server

        self.client: Any = boto3.client("s3")
        self.client.create_bucket(Bucket="pictures")

    def put(self, key: str, content: bytes | Path) -> None:
        body = content.read_bytes() if isinstance(content, Path) else content
        self.client.put_object(Bucket="pictures", Key=key, Body=body)

    def get(self, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket="pictures", Key=key)["Body"].read()
        return content

    def keys(self, prefix: str = "") -> list[str]:
        found = self.client.list_objects_v2(Bucket="pictures", Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]

    def shown(self, prefix: str) -> list[str]:
        """The keys below a prefix, without what is hidden."""
        return [key for key in self.keys(prefix) if "/." not in key]

    def json(self, key: str) -> Any:
        return json.loads(self.get(key))

    def all(self, prefix: str = "") -> bytes:
        return b"".join(self.get(key) for key in self.keys(prefix))


@pytest.fixture
def bucket(server: str) -> Bucket:
    """An empty bucket "pictures"."""
    tell(server, "reset")
    return Bucket()


def tell(server: str, what: str, content: bytes = b"") -> None:
    """Tell the server something that no store would be told."""
    request = urllib.request.Request(f"{server}/moto-api/{what}", content, {"Content-Type": "text/plain"})  # noqa: S310
    urllib.request.urlopen(request).close()  # noqa: S310 - our own server
