"""Results are signed with a certificate made here, and read by the library's own reader."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import c2pa
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import MakePhoto
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image
from samples import exif, jpeg, orientation, segment, with_segments

from colorgan.batch.outcome import Status
from colorgan.batch.restoring import restore
from colorgan.cli.main import main
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.errors import UsageError
from colorgan.photo.image import Photo
from colorgan.photo.jpeg import header
from colorgan.photo.jpeg_join import undo
from colorgan.photo.signing import SETTINGS, NotSignedError, Signer
from colorgan.photo.xmp import INVENTED, Credit

PEM = serialization.Encoding.PEM
CREDIT = Credit("generator.onnx", "ab" * 32)


def write_pair(folder: Path, key: Any) -> tuple[Path, Path]:
    """A certificate for the key with that of its issuer, and the key."""
    now, issuing = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())

    def name(words: str) -> x509.Name:
        pairs = ((NameOID.ORGANIZATION_NAME, "Archive"), (NameOID.COMMON_NAME, words))
        return x509.Name([x509.NameAttribute(*pair) for pair in pairs])

    def certificate(words: str, public: Any, is_issuer: bool) -> bytes:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        ) | dict.fromkeys(("encipher_only", "decipher_only"), False)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(words))
            .issuer_name(name("Issuer"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(is_issuer, None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not is_issuer, key_cert_sign=is_issuer, crl_sign=is_issuer, **usage
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), critical=False
            )
        )
        if not is_issuer:
            uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(uses, critical=False)
        return builder.sign(issuing, hashes.SHA256()).public_bytes(PEM)

    chain = certificate("Signer", key.public_key(), False) + certificate("Issuer", issuing.public_key(), True)
    (folder / "chain.pem").write_bytes(chain)
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    return folder / "chain.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_pair(tmp_path_factory.mktemp("pair"), ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def colorizer(exports: dict[str, Path], pair: tuple[Path, Path]) -> Colorizer:
    certificate, key = map(str, pair)
    return Colorizer(exports["onnx"], ColorizeConfig(sign_certificate=certificate, sign_key=key))


def told(data: bytes, mime: str) -> dict[str, Any]:
    """What the reader says of a file."""
    with (
        c2pa.Context(c2pa.Settings.from_dict(SETTINGS)) as context,
        c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
    ):
        found: dict[str, Any] = json.loads(reader.json())
    return found


ORIGINAL = with_segments(jpeg("L"), segment(0xE1, b"Exif\0\0" + exif(orientation(6)))) + b"after the end"


@pytest.mark.parametrize("target", ["keep", "png", "tiff", "webp", "avif", "heic", "jxl"])
def test_a_result_is_signed_and_says_what_it_was(
    target: str, colorizer: Colorizer, exports: dict[str, Path], pair: tuple[Path, Path]
) -> None:
    config = ColorizeConfig(format=target)
    plain = Colorizer(exports["onnx"], config).colorize(ORIGINAL)
    certificate, key = map(str, pair)
    signing = ColorizeConfig(format=target, sign_certificate=certificate, sign_key=key)
    signed = Colorizer(exports["onnx"], signing).colorize(ORIGINAL)
    assert signed.note == plain.note
    found = told(signed.data, f"image/{'jpeg' if target == 'keep' else target}")
    assert found["validation_state"] == "Valid"
    manifest = found["manifests"][found["active_manifest"]]
    assert [each["relationship"] for each in manifest["ingredients"]] == ["parentOf"]
    assert INVENTED in json.dumps(manifest)
    pictures = [np.asarray(Photo.of(Path("a"), each.data, 10_000).luma()) for each in (plain, signed)]
    assert np.array_equal(pictures[0], pictures[1])
    if target == "keep":
        assert undo(signed.data) == ORIGINAL
        broken = signed.data.replace(b"generator", b"Generator", 1)
        assert told(broken, "image/jpeg")["validation_state"] == "Invalid"


def test_restore_gives_originals_of_signed_results(
    colorizer: Colorizer, make_photo: MakePhoto, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(ORIGINAL)
    (outcome,) = colorizer.colorize_folder(tmp_path / "in", tmp_path / "out")
    assert "c2pa" in (tmp_path / "out" / "colorized_a.jpg").read_bytes().decode("latin-1")
    assert outcome.note == ""
    (outcome,) = restore(tmp_path / "out", tmp_path / "back")
    assert outcome.status is Status.RESTORED
    assert (tmp_path / "back" / "a.jpg").read_bytes() == ORIGINAL
    (outcome,) = colorizer.colorize_folder(tmp_path / "in", tmp_path / "out")
    assert outcome.status is Status.DONE


def test_what_cannot_be_signed_is_left_unsigned_with_the_reason(colorizer: Colorizer) -> None:
    picture = io.BytesIO()
    Image.new("L", (64, 48), 90).save(picture, "BMP")
    result = colorizer.colorize(picture.getvalue())
    assert result.format == "BMP"
    assert result.note


def test_pages_are_not_signed_as_joining_would_break_it(colorizer: Colorizer) -> None:
    file, page = io.BytesIO(), Image.new("L", (64, 48), 90)
    page.save(file, "TIFF", save_all=True, append_images=[page])
    result = colorizer.colorize(file.getvalue())
    assert result.pages == 2
    assert result.note
    assert b"c2pa" not in result.data


@pytest.mark.parametrize("kind", ["es384", "ps256", "ed25519"])
def test_keys_of_other_kinds_sign(kind: str, tmp_path: Path) -> None:
    key = {
        "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ps256": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    signer = Signer.open(*write_pair(tmp_path, key))
    assert signer.algorithm == kind
    data = signer.sign(jpeg(), "JPEG", ORIGINAL, "JPEG", "a.jpg", CREDIT)
    assert told(data, "image/jpeg")["validation_state"] == "Valid"


def test_a_wrong_pair_is_one_line(
    pair: tuple[Path, Path], exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    make_photo().save(tmp_path / "a.png")
    (tmp_path / "other").mkdir()
    _, other = write_pair(tmp_path / "other", ec.generate_private_key(ec.SECP256R1()))
    (tmp_path / "no.pem").write_text("no")
    for certificate, key in (
        (pair[0], other),
        (pair[0], pair[0]),
        (tmp_path / "no.pem", pair[1]),
        ("gone", "gone"),
    ):
        options = [
            "--sign-certificate",
            str(certificate),
            "--sign-key",
            str(key),
            "--model",
            str(exports["onnx"]),
        ]
        result = CliRunner().invoke(main, ["batch", str(tmp_path / "a.png"), str(tmp_path / "out"), *options])
        assert result.exit_code == 2, result.output
        assert result.stderr.splitlines()[-1].startswith("Error: ")
        assert "Traceback" not in result.output
    with pytest.raises(UsageError):
        ColorizeConfig(sign_key="key.pem")


def test_a_signature_that_would_change_the_picture_is_refused(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a library did that dropped what follows a JPEG's end."""
    signer, honest = Signer.open(*pair), c2pa.Builder.sign

    def sign(self: Any, mime: str, source: Any, target: Any) -> Any:
        return honest(self, mime, io.BytesIO(source.read().removesuffix(b"after the end")), target)

    monkeypatch.setattr(c2pa.Builder, "sign", sign)
    with pytest.raises(NotSignedError):
        signer.sign(ORIGINAL, "JPEG", ORIGINAL, "JPEG", "a.jpg", CREDIT)


@pytest.mark.parametrize("target", ["keep", "jpg", "png", "tiff", "webp", "avif", "heic", "jxl"])
def test_a_claim_about_the_photograph_is_not_one_about_its_result(
    target: str, colorizer: Colorizer, exports: dict[str, Path], pair: tuple[Path, Path]
) -> None:
    claimed = colorizer.colorize(ORIGINAL).data  # any file with a valid claim; this one is in color
    recolored = Colorizer(
        exports["onnx"], ColorizeConfig(format=target, if_color="recolor", jpeg_luma="reencode")
    )
    result = recolored.colorize(claimed)
    assert "C2PA manifest" in result.left_out
    assert b"jumdc2pa" not in result.data
    mime = f"image/{ {'keep': 'jpeg', 'jpg': 'jpeg'}.get(target, target) }"
    signed = replace(recolored.config, sign_certificate=str(pair[0]), sign_key=str(pair[1]))
    found = told(Colorizer(exports["onnx"], signed).colorize(claimed).data, mime)
    assert found["validation_state"] == "Valid"
    assert len(found["manifests"]) == 2


@pytest.mark.parametrize("kind", ["png", "tiff", "webp", "avif", "heic", "jxl"])
def test_a_claim_in_every_format_is_named_and_left_out(
    kind: str, exports: dict[str, Path], pair: tuple[Path, Path]
) -> None:
    signing = ColorizeConfig(format=kind, sign_certificate=str(pair[0]), sign_key=str(pair[1]))
    claimed = Colorizer(exports["onnx"], signing).colorize(jpeg("RGB")).data
    assert b"jumdc2pa" in claimed
    for target in ("keep", "jp2"):
        config = ColorizeConfig(format=target, if_color="recolor")
        result = Colorizer(exports["onnx"], config).colorize(claimed)
        assert "C2PA manifest" in result.left_out
        assert b"jumdc2pa" not in result.data


def test_a_gray_jpeg_with_a_claim_is_given_back_with_it(
    colorizer: Colorizer, exports: dict[str, Path]
) -> None:
    signed = colorizer.colorize(ORIGINAL).data
    claim = b"".join(
        signed[each.start : each.end]
        for each in header(signed)
        if each.marker == 0xEB and signed.startswith(b"JP", each.body)
    )
    gray = ORIGINAL[:2] + claim + ORIGINAL[2:]
    result = Colorizer(exports["onnx"]).colorize(gray)
    assert result.how == "luma_kept"
    assert "C2PA manifest" in result.left_out
    assert b"jumdc2pa" not in result.data
    assert undo(result.data) == gray
    assert undo(colorizer.colorize(gray).data) == gray
