"""Photos from the web: what is fetched, and forty ways to make faceedit fetch what it should not."""

import http.client
import http.server
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cli_support import Run
from images_support import saved, scene

from faceedit.errors import UnreadablePhoto
from faceedit.web import Web, _Pinned, is_public, is_url, shown

PICTURE = saved(scene(), "JPEG")
SECRET = "hunter2"


class Answers(http.server.BaseHTTPRequestHandler):
    """A server that answers by path: a picture, and everything that one had better not take."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.strip("/").partition("?")[0]
        if name.startswith("to/"):
            self.answer(302, b"", Location=name.removeprefix("to/"))
        elif name.startswith("status/"):
            self.answer(int(name[-3:]), b"no")
        elif hasattr(self, name):
            getattr(self, name)()
        else:
            self.answer(200, PICTURE, **{"Content-Type": "image/jpeg"})

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def page(self) -> None:
        self.answer(200, b"<html>", **{"Content-Type": "text/html"})

    def svg(self) -> None:
        self.answer(200, b"<svg/>", **{"Content-Type": "image/svg+xml"})

    def packed(self) -> None:
        self.answer(200, PICTURE, **{"Content-Type": "image/jpeg", "Content-Encoding": "gzip"})

    def huge(self) -> None:
        self.answer(200, b"x", **{"Content-Type": "image/jpeg", "Content-Length": str(10**12)})

    def short(self) -> None:
        self.answer(200, PICTURE[:99], **{"Content-Type": "image/jpeg", "Content-Length": str(len(PICTURE))})

    def endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(10_000):
            self.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    def dripping(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def dripping_headers(self) -> None:
        for _ in range(100):
            self.wfile.write(b"H")
            time.sleep(0.05)

    def password(self) -> None:
        self.answer(302, b"", Location="https://jane:hunter2@host.test/a.jpg")

    def silent(self) -> None:
        time.sleep(2)

    def nonsense(self) -> None:
        self.wfile.write(b"\0\1\2 not http\r\n\r\n")
        self.close_connection = True

    def many_headers(self) -> None:
        self.answer(200, b"", **{f"X-{index}": "y" for index in range(500)})

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:  # the client has gone
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Server(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@dataclass
class Fake:
    """Looks names up as told, and connects to the local server whatever the address."""

    port: int
    calls: list[tuple[str, str]]
    names: dict[str, list[list[str]]]

    def resolve(self, host: str, _port: int) -> list[str]:
        answers = self.names.get(host, [["93.184.215.14"]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, host: str, address: str, _port: int, timeout: float) -> http.client.HTTPConnection:
        self.calls.append((host, address))
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)


@pytest.fixture
def fake(port: int) -> Fake:
    return Fake(port, [], {})


@pytest.fixture
def web(fake: Fake) -> Web:
    return Web(megabytes=1, seconds=1, redirects=3, resolve=fake.resolve, connect=fake.connect)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host.test/a/face.jpg", "host.test/face.jpg"),
        ("https://host.test/a/face.JPG?token=hunter2#x", "host.test/face.JPG"),
        ("https://host.test/view?id=5", "host.test/view.jpg"),
        ("https://host.test", "host.test/photo.jpg"),
        ("https://host.test:8443/%2e%2e%2fpasswd", "host.test_8443/_passwd.jpg"),
        ("https://host.test/to//moved.jpg", "host.test/moved.jpg"),
    ],
)
def test_a_picture_is_fetched_under_a_harmless_name(url: str, name: str, web: Web, fake: Fake) -> None:
    path, content = web.fetch(url)
    assert (path.as_posix(), content) == (name, PICTURE)
    assert {address for _, address in fake.calls} == {"93.184.215.14"}


LOCAL = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",  # noqa: S104
    "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::", "2001:0:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", LOCAL)
def test_an_address_that_is_not_public_is_not_called(address: str, web: Web, fake: Fake) -> None:
    fake.names["host.test"] = [["93.184.215.14", address]]
    with pytest.raises(UnreadablePhoto, match=r"host\.test/a\.jpg: does not lie on the public internet"):
        web.fetch("https://host.test/a.jpg")
    assert fake.calls == []


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0177.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_not_called_however_it_is_spelt(host: str, fake: Fake) -> None:
    with pytest.raises(UnreadablePhoto, match=r"does not lie on the public internet|cannot be fetched"):
        Web(seconds=5, connect=fake.connect).fetch(f"https://{host}:{fake.port}/a.jpg")  # type: ignore[arg-type]
    assert fake.calls == []


HOSTILE = [
    ("http://host.test/a.jpg", "is no https address"),
    ("file:///etc/passwd", "is no https address"),
    ("ftp://host.test/a.jpg", "is no https address"),
    ("https://jane:hunter2@host.test/a.jpg", "holds a user name or password"),
    ("https:///a.jpg", "is no complete address"),
    ("https://host.test/a\r\nHost: evil/b.jpg", "is no complete address"),
    ("https://host.test\\@evil.test/a.jpg", "holds a user name or password"),
    ("https://host.test/a\\b.jpg", "is no complete address"),
    ("https://host.test:99999/a.jpg", "cannot be fetched"),
    ("https://[::1/a.jpg", "cannot be fetched"),
    ("https://host.test/to/http://host.test/a.jpg", "is no https address"),
    ("https://host.test/to/file:///etc/passwd", "is no https address"),
    ("https://host.test/to/https://inside.test/a.jpg", "does not lie on the public internet"),
    ("https://host.test/to/https://host.test/to/https://inside.test/a.jpg", "does not lie on the public internet"),
    ("https://host.test/password", "holds a user name or password"),
    ("https://host.test/to//to//to//to//to//a.jpg", "is redirected more than 3 times"),
    ("https://host.test/status/404", "the server answered 404; check the address"),
    ("https://host.test/status/401?key=hunter2", "the server answered 401"),
    ("https://host.test/page", "is no photo, says the server"),
    ("https://host.test/svg", "is no photo, says the server"),
    ("https://host.test/packed", "is no photo, says the server"),
    ("https://host.test/huge", "is larger than 1 MB"),
    ("https://host.test/endless", "is larger than 1 MB"),
    ("https://host.test/short", "was cut off on the way"),
    ("https://host.test/dripping", "took longer than 1 s"),
    ("https://host.test/dripping_headers", "took longer than 1 s"),
    ("https://host.test/silent", "took longer than 1 s"),
    ("https://host.test/nonsense", "cannot be fetched"),
    ("https://host.test/many_headers", "cannot be fetched"),
]


@pytest.mark.parametrize(("url", "reason"), HOSTILE)
def test_a_hostile_address_is_refused_in_one_line_without_secrets(url: str, reason: str, web: Web, fake: Fake) -> None:
    fake.names["inside.test"] = [["10.0.0.7"]]
    start = time.monotonic()
    with pytest.raises(UnreadablePhoto, match=reason) as caught:
        web.fetch(url)
    assert time.monotonic() - start < 10
    assert str(caught.value).isprintable()
    assert SECRET not in str(caught.value)
    assert all(host == "host.test" for host, _ in fake.calls)


def test_a_name_that_changes_its_address_is_looked_up_once(web: Web, fake: Fake) -> None:
    fake.names["host.test"] = [["93.184.215.14"], ["127.0.0.1"]]
    web.fetch("https://host.test/a.jpg")
    assert fake.calls == [("host.test", "93.184.215.14")]
    with pytest.raises(UnreadablePhoto, match="does not lie on the public internet"):
        web.fetch("https://host.test/a.jpg")


@pytest.mark.parametrize(
    ("argument", "claims"),
    [("https://a/b", True), ("HTTP://a", True), ("file:///a", True), ("a.jpg", False), ("C:\\a", False)],
)
def test_addresses_are_told_from_paths(argument: str, claims: bool) -> None:
    assert is_url(argument) == claims


def test_what_is_shown_of_an_address_holds_no_secret() -> None:
    assert shown("https://jane:hunter2@host.test/a b.jpg?key=hunter2#hunter2") == "host.test/a b.jpg"


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate with openssl")
def test_the_certificate_is_checked_against_the_name_though_the_address_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl  # noqa: PLC0415 - this test alone

    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=host.test -addext subjectAltName=DNS:host.test"
    subprocess.run([*make.split(), "-keyout", "key", "-out", "cert"], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
    with Server(("127.0.0.1", 0), Answers) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port = server.server_address[1]
        web = Web(seconds=20, resolve=lambda *_: ["127.0.0.1"], public=lambda _: True)
        assert web.connect is _Pinned
        assert web.fetch(f"https://host.test:{port}/a.jpg")[1] == PICTURE
        with pytest.raises(UnreadablePhoto, match=r"cannot be fetched \(SSLCertVerificationError\)"):
            web.fetch(f"https://other.test:{port}/a.jpg")
        with pytest.raises(UnreadablePhoto, match="does not lie on the public internet"):
            replace(web, public=is_public).fetch(f"https://host.test:{port}/a.jpg")
        server.shutdown()


def test_a_photo_from_the_web_is_applied_and_a_failed_one_is_a_line(
    run: Run, photos: Path, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.yaml").write_text("faceedit: 1\nsteps: [{effect: blur}]\n")
    monkeypatch.setattr("faceedit.web.Web", lambda: web)
    urls = ["https://host.test/a.jpg?key=hunter2", "https://host.test/page"]
    command = ("apply", tmp_path / "r.yaml", photos, *urls, "-o", tmp_path / "out")
    code, _, said = run(*command)
    assert (code, said) == (2, 'faceedit: "host.test/a.jpg" lies on the web; --allow-url lets faceedit fetch it\n')
    code, out, said = run(*command, "--allow-url", "-q")
    assert code == 1
    assert said == (
        "failed: host.test/page: is no photo, says the server; give the address of the picture, not of its page\n"
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix in (".jpg", ".png")) == [
        "a.jpg",
        "face.png",
    ]
    assert SECRET not in (tmp_path / "out" / "report.json").read_text() + out + said
