"""Certificates for hostile peers: every field can be wrong. Real regions' CAs are made by `hetao certs`."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

DAY = datetime.timedelta(days=1)
BOTH_USES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Ca:
    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key

    @staticmethod
    def of_folder(folder):
        return Ca(x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()),
                  serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None))

    @staticmethod
    def unknown(subject="Nobody's CA"):
        key = new_key()
        builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(subject))
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now() - DAY).not_valid_after(now() + 365 * DAY)
                   .add_extension(x509.BasicConstraints(True, 0), True)
                   .add_extension(key_usage(sign=True), True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
        return Ca(builder.sign(key, hashes.SHA256()), key)

    def below(self, pathlen=0, is_ca=True):
        """A CA that this one has signed, or a leaf that plays one."""
        key = new_key()
        builder = (x509.CertificateBuilder().subject_name(name("Below")).issuer_name(self.certificate.subject)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now() - DAY).not_valid_after(now() + 30 * DAY)
                   .add_extension(x509.BasicConstraints(is_ca, pathlen if is_ca else None), True)
                   .add_extension(key_usage(sign=is_ca), True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False))
        return Ca(builder.sign(self.key, hashes.SHA256()), key)

    def crl(self, revoked=(), since=None, until=None):
        since = since or now() - DAY / 24
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
                   .last_update(since).next_update(until or since + 30 * DAY)
                   .add_extension(x509.CRLNumber(int(now().timestamp())), False))
        for serial in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now()).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def key_usage(sign=False):
    return x509.KeyUsage(digital_signature=not sign, key_cert_sign=sign, crl_sign=sign, content_commitment=False,
                         key_encipherment=False, data_encipherment=False, key_agreement=False,
                         encipher_only=False, decipher_only=False)


class Leaf:
    """A gateway's certificate as the profile wants it, but for what the arguments say."""

    def __init__(self, ca, uris=("spiffe://hetao/lantau/gateway/gw-1",), key=None, before=None, after=None,
                 uses=BOTH_USES, is_ca=False, digest=None, unknown_critical=False, serial=None, self_signed=False,
                 chain=(), usage=None):
        self.key = key or new_key()
        self.chain = chain
        self.serial = serial or x509.random_serial_number()
        issuer = name("gw-1") if self_signed else ca.certificate.subject
        names = [x509.UniformResourceIdentifier(uri) for uri in uris]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = (x509.CertificateBuilder().subject_name(name("gw-1")).issuer_name(issuer)
                   .public_key(self.key.public_key()).serial_number(self.serial)
                   .not_valid_before(before or now() - DAY / 24).not_valid_after(after or now() + 30 * DAY)
                   .add_extension(x509.BasicConstraints(is_ca, None), True)
                   .add_extension(usage or key_usage(), True)
                   .add_extension(x509.SubjectAlternativeName(names), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), False))
        if uses:
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), False)
        if unknown_critical:
            builder = builder.add_extension(
                x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True)
        self.certificate = builder.sign(self.key if self_signed else ca.key, digest or hashes.SHA256())

    def save(self, folder, stem):
        """One file with key and certificate, as Python's ssl wants it."""
        path = folder / f"{stem}.pem"
        certificates = [self.certificate, *(ca.certificate for ca in self.chain)]
        path.write_bytes(pem(self.key) + b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates))
        return path


def weak_rsa_key():
    return rsa.generate_private_key(65537, 1024)
