"""The certificates of the gateway, and the certificate authorities that its clients trust.

For its address the gateway has a self-signed certificate. For AWS's host names, which clients have
built in, an authority signs one for each name when a client asks for it. The authority is limited
to AWS's domains, and its key is never written to a file.
"""

import datetime
import ipaddress
import os
import re
import ssl
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import botocore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.framework.aws_hosts import aws_domains, is_aws_host

_LIFETIME = datetime.timedelta(days=30)
_MARGIN = datetime.timedelta(days=7)
_HOST_NAMES = ("localhost", "*.localhost", "*.s3.localhost")
_MAX_CONTEXTS = 1024


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate, and the authority for AWS's host names.

    Args:
        certificate: the certificate.
        key: its private key.
        ca_bundle: the certificate with the authority and the public certificate authorities.
        authority: signs certificates for AWS's host names.
    """

    certificate: Path
    key: Path
    ca_bundle: Path
    authority: "Authority"

    def serve_aws_hosts(self, context: ssl.SSLContext) -> None:
        """Makes a context of a server present the certificate of the AWS host that is asked for."""

        def choose(
            connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext
        ) -> None:
            if name is not None and is_aws_host(name):
                connection.context = self.authority.context(name, context)

        context.sni_callback = choose


class Authority:
    """A certificate authority that is limited to AWS's domains; its key stays in memory.

    Args:
        directory: the directory in which certificates are for a moment.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        name = _name("MLOps rehearsal, AWS host names")
        domains = [x509.DNSName(domain) for domain in aws_domains()]
        self._certificate = (
            _builder(name, name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.NameConstraints(domains, None), critical=True)
            .add_extension(_usage(key_cert_sign=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)

    def context(self, host: str, template: ssl.SSLContext) -> ssl.SSLContext:
        """Returns a context of a server with a certificate for a host of AWS.

        Args:
            host: the host name.
            template: the context whose protocols it has.
        """
        with self._lock:
            if host not in self._contexts:
                if len(self._contexts) >= _MAX_CONTEXTS:
                    self._contexts.clear()
                self._contexts[host] = self._make_context(host, template)
            return self._contexts[host]

    def _make_context(self, host: str, template: ssl.SSLContext) -> ssl.SSLContext:
        certificate = (
            # A common name has at most 64 characters; clients read the alternative name.
            _builder(_name("AWS host name"), self._certificate.subject, self._leaf_key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = template.minimum_version
        context.options = template.options
        with tempfile.NamedTemporaryFile(dir=self._directory) as file:  # has the mode 600
            file.write(_private(self._leaf_key))
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def make_certificate(directory: Path) -> Certificate:
    """Creates a self-signed certificate for 127.0.0.1 and localhost in `directory`.

    One that is valid for some days more stays, so that clients of an earlier server trust this one.

    The bundle also has public roots and those that the user's programs trust: a build or shell that
    trusts the bundle still reaches package registries.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = Certificate(
        directory / "certificate.pem",
        directory / "key.pem",
        directory / "ca-bundle.pem",
        Authority(directory),
    )
    if not _is_valid(files):
        key = ec.generate_private_key(ec.SECP256R1())
        files.key.touch(mode=0o600)
        files.key.write_bytes(_private(key))
        own = _self_signed(key).public_bytes(serialization.Encoding.PEM)
        files.certificate.write_bytes(own)
    # The authority is that of this server: clients read the file anew.
    given = [files.certificate.read_bytes(), files.authority.pem]
    files.ca_bundle.write_text(_bundle(given, _trusted_files(os.environ)))
    return files


def _is_valid(files: Certificate) -> bool:
    try:
        found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        files.key.read_bytes()
    except (OSError, ValueError):
        return False
    return found.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > _MARGIN


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: given.get(name, False) for name in names})


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("MLOps rehearsal")
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in _HOST_NAMES]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    # Not an authority: it is valid for this server only.
    return (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


_TRUST_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
)


def _trusted_files(environment: Mapping[str, str]) -> list[Path]:
    """Returns the files that the user's programs trust: the bundle replaces them in a shell."""
    named = [environment.get(name, "") for name in _TRUST_VARIABLES]
    named.append(ssl.get_default_verify_paths().cafile or "")
    found = [Path(name) for name in dict.fromkeys(named) if name and Path(name).is_file()]
    return [*found, Path(botocore.__file__).parent / "cacert.pem"]


_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def _bundle(own: list[bytes], trusted: list[Path]) -> str:
    """Returns all certificates, each once."""
    texts = [pem.decode() for pem in own]
    texts += [file.read_text(errors="replace") for file in trusted]
    found = dict.fromkeys(one for text in texts for one in _CERTIFICATE.findall(text))
    return "\n".join([*found, ""])
