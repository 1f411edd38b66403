"""A mail server with TLS on this machine, of which only a test knows the certificate."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """What a mail server got: logins as 'user:password', recipients, mails. place: its host and port"""

    place: str = ""
    logins: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)


def certificate(folder: Path) -> Path:
    """A file with a certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    place = folder / "certificate.pem"
    place.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return place


@contextmanager
def mail_receiver(pem: Path, answers: Mapping[str, str] | None = None, *, smtps: bool = True) -> Iterator[Mailbox]:
    """A mail server at 127.0.0.1.

    answers: by command, such as AUTH, one in place of the server's own; smtps: TLS from the first byte, else STARTTLS
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    offers = "250-here\r\n250-AUTH PLAIN\r\n250 " + ("8BITMIME" if smtps else "STARTTLS")
    replies = {"EHLO": offers, "AUTH": "235 welcome", "DATA": "354 go on", "QUIT": "221 bye"}
    replies |= {"STARTTLS": "220 begin", **(answers or {})}
    mailbox = Mailbox()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                if smtps:
                    self.request = context.wrap_socket(self.request, server_side=True)
                self.converse(greeting="220 here")
            except OSError:
                """The client does not trust the certificate, or is gone."""

        def converse(self, greeting: str = "") -> None:
            stream = self.request.makefile("rwb")

            def reply(text: str) -> None:
                stream.write(text.encode() + b"\r\n")
                stream.flush()

            if greeting:
                reply(greeting)
            while line := stream.readline().decode().strip():
                command = line.split()[0].upper()
                answer = replies.get(command, "250 OK")
                reply(answer)
                if command == "STARTTLS":
                    self.request = context.wrap_socket(self.request, server_side=True)
                    self.converse()
                    return
                if command == "AUTH":
                    mailbox.logins.append(base64.b64decode(line.split()[2]).decode().strip("\0").replace("\0", ":"))
                elif command == "RCPT" and answer.startswith("2"):
                    mailbox.recipients.append(line.split(":")[1].strip("<>"))
                elif command == "DATA":
                    mailbox.mails.append(b"".join(iter(stream.readline, b".\r\n")))
                    reply("250 OK")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        mailbox.place = f"127.0.0.1:{server.server_address[1]}"
        try:
            yield mailbox
        finally:
            server.shutdown()
            thread.join()
