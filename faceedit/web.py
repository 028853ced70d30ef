"""Photos from the web: https only, from public addresses, limited in size and time.

A name is looked up once; all addresses that it has must be public, and the connection goes to one of these very
addresses, so that a second look-up cannot lead elsewhere. Every redirect goes through the same. Proxies, cookies and
passwords are not used.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from faceedit import __version__
from faceedit.errors import UnreadablePhoto
from faceedit.images import format_suffix, suffix_format

_REDIRECTS = (301, 302, 303, 307, 308)
# What servers call pictures, and what stores of files call anything; the bytes are judged when they are read.
_SUFFIXES = {f"image/{name}": name for name in ("jpeg", "png", "tiff", "webp", "avif", "heif", "bmp", "gif")}
_TYPES = {**_SUFFIXES, "image/jpg": "jpeg", "image/heic": "heif", "image/apng": "png", "image/x-ms-bmp": "bmp"}
_ANY = ("application/octet-stream", "binary/octet-stream")
_CHUNK = 1 << 16
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 behind NAT64: the last four bytes are the address
_INNER = tuple(ipaddress.ip_network(net) for net in ("::/96", "64:ff9b:1::/48", "fec0::/10", "2002::/16", "2001::/32"))


def is_url(argument: str) -> bool:
    """Whether an argument is an address on the web or claims to be one."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", argument) is not None


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also within the addresses that stand for another one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found in _TRANSLATED:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in net for net in _INNER):
            return False
    return found.is_global and not found.is_multicast


def addresses(host: str, port: int) -> list[str]:
    """The IP addresses of a name, or of a number in whatever notation."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class _Pinned(http.client.HTTPSConnection):
    """HTTPS to one address, with the certificate checked against the host's name."""

    def __init__(self, host: str, address: str, port: int, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self._tls = ssl.create_default_context()

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:  # not ours to judge: the socket must not be left open
            plain.close()
            raise


@dataclass(frozen=True)
class Web:
    """What may be fetched: at most so many megabytes a photo, within so many seconds, over so many redirects.

    `resolve`, `public` and `connect` are how names are looked up, judged and called.
    """

    megabytes: float = 100
    seconds: float = 60
    redirects: int = 5
    resolve: Callable[[str, int], list[str]] = addresses
    public: Callable[[str], bool] = is_public
    connect: Callable[[str, str, int, float], http.client.HTTPConnection] = _Pinned

    def fetch(self, url: str) -> tuple[Path, bytes]:
        """A name for the photo at an address (host and path, without what may be secret), and its bytes.

        Raises:
            UnreadablePhoto: it may not or cannot be fetched, or is no picture.
        """
        name, deadline = shown(url), time.monotonic() + self.seconds
        try:
            kind, content = self._followed(url, deadline)
            return _named(name, kind), content
        except UnreadablePhoto as error:
            raise UnreadablePhoto(f"{name}: {error.message}", error.hint) from error.__cause__
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = time.monotonic() >= deadline
            reason = f"took longer than {self.seconds:g} s" if late else f"cannot be fetched ({type(error).__name__})"
            raise UnreadablePhoto(f"{name}: {reason}", "download it with a browser") from error

    def _followed(self, url: str, deadline: float) -> tuple[str, bytes]:
        """The kind and bytes of what lies at an address, or where that redirects to."""
        for _ in range(self.redirects + 1):
            answer = self._asked(_checked(url), deadline)
            if not isinstance(answer, str):
                return answer
            url = urljoin(url, answer)
        raise UnreadablePhoto(f"is redirected more than {self.redirects} times", "check the address")

    def _asked(self, parts: SplitResult, deadline: float) -> tuple[str, bytes] | str:
        """The kind and bytes of what lies at an address, or where it redirects to."""
        host, port = parts.hostname or "", parts.port or 443
        found = self.resolve(host, port)
        if not found or not all(map(self.public, found)):
            raise UnreadablePhoto("does not lie on the public internet", "give files on this machine by their path")
        connection = self.connect(host, found[0], port, max(deadline - time.monotonic(), 0.01))
        with contextlib.closing(connection):
            connection.connect()
            with _ended(connection.sock, deadline):
                target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (f"?{parts.query}" if parts.query else "")
                headers = {"User-Agent": f"faceedit/{__version__}", "Accept": "image/*", "Accept-Encoding": "identity"}
                connection.request("GET", target, headers=headers)
                response = connection.getresponse()
                location = response.getheader("Location")
                if response.status in _REDIRECTS and location:
                    return location
                return _kind(response), self._body(response, deadline)

    def _body(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        most, expected = int(self.megabytes * 1e6), response.length
        if expected is not None and expected > most:
            raise UnreadablePhoto(f"is larger than {self.megabytes:g} MB")
        parts, size = [], 0
        while part := response.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > most:
                raise UnreadablePhoto(f"is larger than {self.megabytes:g} MB")
        if time.monotonic() >= deadline:  # what ended was the socket, not the file
            raise TimeoutError
        if expected is not None and size < expected:
            raise UnreadablePhoto("was cut off on the way", "try again")
        return b"".join(parts)


def shown(url: str) -> str:
    """An address without user, password, query and fragment, on one line: what may be printed and kept."""
    rest = url.split("://", 1)[-1]
    place, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    text = place.rsplit("@", 1)[-1] + slash + path
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]


def _checked(url: str) -> SplitResult:
    """The parts of an address that may be asked.

    Raises:
        UnreadablePhoto: it is no plain https address.
    """
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise UnreadablePhoto("is no https address", "only https is fetched")
    if parts.username is not None or parts.password is not None:
        raise UnreadablePhoto("holds a user name or password", "download it with a browser")
    if not parts.hostname or not url.isprintable() or re.search(r"[\s\\]", url):
        raise UnreadablePhoto("is no complete address", "write https://host/path")
    return parts


def _kind(response: http.client.HTTPResponse) -> str:
    """The content type of a picture.

    Raises:
        UnreadablePhoto: the server has none.
    """
    if response.status != 200:
        raise UnreadablePhoto(f"the server answered {response.status}", "check the address")
    kind = (response.getheader("Content-Type") or _ANY[0]).partition(";")[0].strip().lower()
    if kind not in (*_TYPES, *_ANY) or response.getheader("Content-Encoding", "identity") != "identity":
        raise UnreadablePhoto("is no photo, says the server", "give the address of the picture, not of its page")
    return kind


def _named(name: str, kind: str) -> Path:
    """A path that no file has, for names of outputs: the host, and what the address ends in."""
    host, *rest = name.split("/")
    stem = re.sub(r"[^\w.,() +-]", "_", unquote(rest[-1] if rest else ""))[:100].lstrip(".") or "photo"
    if suffix_format(stem) is None:
        stem += format_suffix(_TYPES[kind]) if kind in _TYPES else ""
    return Path(re.sub(r"[^\w.-]", "_", host), stem)


@contextlib.contextmanager
def _ended(sock: socket.socket, deadline: float) -> Iterator[None]:
    """A socket that is shut at the deadline, however busy its other end keeps it."""

    def shut() -> None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(max(deadline - time.monotonic(), 0), shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
