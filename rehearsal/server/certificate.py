"""The certificate of the gateway, and the certificate authorities that its clients trust."""

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

import botocore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=30)
_MARGIN = datetime.timedelta(days=7)
_HOST_NAMES = ("localhost", "*.localhost", "*.s3.localhost")


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate.

    Args:
        certificate: the certificate.
        key: its private key.
        ca_bundle: the certificate with the public certificate authorities.
    """

    certificate: Path
    key: Path
    ca_bundle: Path


def make_certificate(directory: Path) -> Certificate:
    """Creates a self-signed certificate for 127.0.0.1 and localhost in `directory`.

    One that is valid for some days more stays, so that clients of an earlier server trust this one.

    The bundle also has public roots, those of SSL_CERT_FILE when it is set and botocore's
    otherwise: a build that trusts the bundle still reaches package registries.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = Certificate(
        directory / "certificate.pem", directory / "key.pem", directory / "ca-bundle.pem"
    )
    if _is_valid(files):
        return files
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(key)
    files.key.touch(mode=0o600)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    own = certificate.public_bytes(serialization.Encoding.PEM)
    files.certificate.write_bytes(own)
    files.ca_bundle.write_bytes(own + b"\n" + _public_roots().read_bytes())
    return files


def _is_valid(files: Certificate) -> bool:
    try:
        found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        files.key.read_bytes()
        bundle = files.ca_bundle.read_bytes()
    except (OSError, ValueError):
        return False
    lasts = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > _MARGIN
    return lasts and bundle.startswith(files.certificate.read_bytes())


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MLOps rehearsal")])
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in _HOST_NAMES]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    # Not an authority: it is valid for this server only.
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _public_roots() -> Path:
    configured = os.environ.get("SSL_CERT_FILE")
    if configured and Path(configured).is_file():
        return Path(configured)
    return Path(botocore.__file__).parent / "cacert.pem"
