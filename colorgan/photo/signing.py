"""Sign results: a C2PA manifest in them names the model and holds the original as an ingredient."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from PIL import Image

from colorgan.errors import UsageError, reason_of
from colorgan.photo.damage import PictureError
from colorgan.photo.formats import mime_of
from colorgan.photo.jpeg import JpegError
from colorgan.photo.jpeg_join import undo, unsigned
from colorgan.photo.xmp import INVENTED, Credit
from colorgan.version import __version__

SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
    "builder": {"thumbnail": {"enabled": False}},
}
"""Nothing is asked for over a network; whom to trust is for readers of a result to decide."""

CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
"""C2PA's names of algorithms, by curve (C2PA 2.1, 13.2.1)."""


class NotSignedError(Exception):
    """Why a result was not signed."""


@dataclass(frozen=True)
class Signer:
    """A certificate and its key."""

    algorithm: str
    certificates: bytes
    """PEM, the signer's own first."""
    key: bytes
    """PEM, without a password."""

    @classmethod
    def open(cls, certificate: str | PurePath, key: str | PurePath) -> Signer:
        """Read the two files, and try them; raises UsageError."""
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        path = Path(certificate)
        try:
            certificates = path.read_bytes()
            path = Path(key)
            secret = path.read_bytes()
            algorithm = _algorithm_of(load_pem_private_key(secret, None))
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"{path}: cannot be used to sign ({reason_of(error)}); give PEM files"
            ) from error
        signer = cls(algorithm, certificates, secret)
        picture = io.BytesIO()
        Image.new("RGB", (8, 8)).save(picture, "PNG")
        data = picture.getvalue()
        try:
            signer.sign(data, "PNG", data, "PNG", "trial.png", Credit("none", ""))
        except NotSignedError as error:
            raise UsageError(f"{certificate}: does not sign ({error})") from error
        return signer

    def sign(
        self, result: bytes, format: str, original: bytes, original_format: str, name: str, credit: Credit
    ) -> bytes:
        """The result with a signed manifest in it, read again; raises NotSignedError.

        Without its manifest, a JPEG must be the result again, and give the original back if the result does.
        """
        import c2pa

        mime, original_mime = mime_of(format), mime_of(original_format)
        signed = io.BytesIO()
        try:
            settings = c2pa.Settings.from_dict(SETTINGS)
            signing = c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(self.algorithm.encode(), self.certificates, self.key, None)
            )
            ingredient = {"title": name, "format": original_mime, "relationship": "parentOf"}
            ingredient["instance_id"] = ingredient["label"] = "original"
            with (
                c2pa.Context(settings, signing) as context,
                c2pa.Builder(_manifest(name, mime, credit), context=context) as builder,
            ):
                builder.add_ingredient(ingredient, original_mime, io.BytesIO(original))
                builder.sign(mime, io.BytesIO(result), signed)
            data = signed.getvalue()
            with (
                c2pa.Context(c2pa.Settings.from_dict(SETTINGS)) as context,
                c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
            ):
                read: dict[str, Any] = json.loads(reader.json())
        except c2pa.C2paError.NotSupported as error:
            raise NotSignedError(f"no signature can be put into {format}") from error
        except (c2pa.C2paError, ValueError) as error:
            raise NotSignedError(" ".join(str(error).split())) from error
        if read.get("validation_state") not in ("Valid", "Trusted"):
            codes = ", ".join(sorted({each["code"] for each in read.get("validation_status", [])}))
            raise NotSignedError(f"its reader finds {codes or 'no valid signature'}")
        if format == "JPEG":
            _check(data, result)
        return data


def _check(signed: bytes, result: bytes) -> None:
    """Raise NotSignedError if more than a manifest was changed in a JPEG."""
    if unsigned(signed) != unsigned(result):
        raise NotSignedError("the signature would change other bytes of it")
    try:
        before: bytes | None = undo(result)
    except JpegError:  # it holds no original
        return
    try:
        after = undo(signed)
    except JpegError as error:
        raise NotSignedError(f"its original could not be restored: {error}") from error
    if after != before:
        raise NotSignedError("another original would be restored")


def _manifest(name: str, mime: str, credit: Credit) -> dict[str, Any]:
    agent = {"name": "colorgan", "version": __version__}
    description = f"colors invented by a generator, model {credit.model}, SHA-256 {credit.sha256}"
    actions = [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["original"]}},
        {
            "action": "c2pa.edited",
            "softwareAgent": agent,
            "digitalSourceType": INVENTED,
            "description": description,
        },
    ]
    return {
        "claim_generator_info": [agent],
        "title": name,
        "format": mime,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _algorithm_of(key: Any) -> str:
    """C2PA's name of the algorithm that a key is for; raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    raise PictureError("C2PA does not know its kind")
