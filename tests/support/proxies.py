"""nginx and haproxy of Debian, run by the very configurations that the docs have."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.debian_roots import debian_root
from tests.support.paths import ROOT
from tests.support.served import wait_until

NGINX_FRAME = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {block}
}}
"""


def program(name: str) -> list[str]:
    """Return the words that run a proxy; skip the test where there can be none.

    It is unpacked, not installed: Debian starts a server that is installed. So it is run by the
    root's own loader, with the root's libraries.
    """
    root = debian_root("proxies", "trixie", ("nginx", "haproxy"), f"usr/sbin/{name}")
    [loader] = (root / "usr").glob("lib*/ld-linux-*.so.*")
    libraries = ":".join(str(path) for path in (root / "usr" / "lib").glob("*-linux-gnu"))
    return [str(loader), "--library-path", libraries, str(root / "usr" / "sbin" / name)]


def documented(language: str, paper: str = "install.md") -> str:
    """Return the configuration that a paper of docs has for a proxy."""
    text = (ROOT / "docs" / paper).read_text()
    [block] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(block)


def write_certificate(folder: Path) -> Path:
    """Write a certificate for localhost that is its own CA, with its key; return its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cooper's test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    key_format = serialization.PrivateFormat.PKCS8
    file = folder / "both.pem"
    file.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, key_format, plain))
    return file


def replaced(text: str, changes: dict[str, str]) -> str:
    """Return a configuration with its own addresses and files: each has to be in it once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"the documented configuration lacks {old!r}"
        text = text.replace(old, new)
    return text


def servers(ports: list[int]) -> dict[str, str]:
    """Return the servers of a documented configuration, one or several, with their own ports."""
    if len(ports) == 1:
        return {"127.0.0.1:8000": f"127.0.0.1:{ports[0]}"}
    return {
        f"10.0.0.{number}:8000": f"127.0.0.1:{port}" for number, port in enumerate(ports, start=11)
    }


@contextmanager
def nginx(config: str, port: int, server_ports: list[int], pem: Path) -> Iterator[str]:
    """Run nginx with a documented server block; yield its address."""
    changes = servers(server_ports) | {
        "listen 443": f"listen 127.0.0.1:{port}",
        "server_name cooper.example.com": "server_name localhost",
        "/etc/nginx/tls/cooper.pem": str(pem),
        "/etc/nginx/tls/cooper.key": str(pem),
    }
    folder = pem.parent
    file = folder / f"nginx-{port}.conf"
    block = replaced(config, changes)
    file.write_text(NGINX_FRAME.format(folder=folder, block=block))
    words = [*program("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(file)]
    with _running(words, port, file.with_suffix(".log")):
        yield f"https://localhost:{port}"


@contextmanager
def haproxy(config: str, port: int, server_ports: list[int], pem: Path) -> Iterator[str]:
    """Run haproxy with a documented configuration; yield its address."""
    changes = servers(server_ports) | {
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/haproxy/cooper.pem": str(pem),
    }
    file = pem.parent / f"haproxy-{port}.cfg"
    file.write_text(replaced(config, changes))
    words = [*program("haproxy"), "-db", "-f", str(file)]
    with _running(words, port, file.with_suffix(".log")):
        yield f"https://localhost:{port}"


@contextmanager
def _running(words: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("w") as stderr:
        process = subprocess.Popen(words, stdout=stderr, stderr=stderr)
    try:
        wait_until(lambda: _listens(process, port, log))
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _listens(process: "subprocess.Popen[bytes]", port: int, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
