"""What can be asked of the service: OpenAPI for programs, and a page for people that loads nothing."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from colorgan.config import ColorizeConfig, ServeConfig
from colorgan.version import __version__

PARAMETERS = {"saturation": "number", "format": "string", "quality": "integer"}
BYTES = {"schema": {"type": "string", "format": "binary"}}
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/tiff")


def openapi(settings: ServeConfig) -> dict[str, Any]:
    """The description by OpenAPI 3.1."""
    refused = {
        "400": "The query is wrong, or the client went away.",
        "403": "Host or Origin is not one of the service.",
        "408": f"The photograph did not arrive within {settings.body_timeout:g} seconds.",
        "413": f"More than {settings.max_upload} MB, or more than {settings.max_pixels:,} pixels.",
        "415": "Not a photograph of a format that is read.",
        "422": "Damaged, an animation, or several pages for a `format` other than TIFF. "
        "A JPEG passes if at least half of it can be decoded.",
        "503": "No room now; Retry-After says when to try again.",
    }
    problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    colorize = {
        "summary": "Color a photograph",
        "description": "Send the bytes of a JPEG, PNG, WebP, TIFF or BMP file. The result has the same "
        "format, unless `format` names another, and keeps metadata; XMP says that the colors are invented. "
        "The stored luma of a grayscale JPEG stays as it is. A photograph in color comes back as it is.",
        "parameters": [_parameter(name) for name in PARAMETERS],
        "requestBody": {
            "required": True,
            "content": dict.fromkeys((*PICTURES, "application/octet-stream"), BYTES),
        },
        "responses": {
            "200": {
                "description": "The result. X-Colorgan-Status: colored, or copied if it was in color.",
                "content": dict.fromkeys(PICTURES, BYTES),
            }
        }
        | {code: {"description": words, **problem} for code, words in refused.items()},
    }
    gets = {
        "/health": ("The process answers", "application/json"),
        "/ready": ("A prediction has just run; names the device and the model", "application/json"),
        "/metrics": ("Counters for Prometheus", "text/plain"),
        "/openapi.json": ("This description", "application/json"),
    }
    paths: dict[str, Any] = {"/colorize": {"post": colorize}}
    for path, (words, kind) in gets.items():
        answers = {"200": {"description": words, "content": {kind: {}}}}
        paths[path] = {"get": {"summary": words, "responses": answers}}
    names = {"title": "string", "status": "integer", "detail": "string", "request_id": "string"}
    properties = {name: {"type": kind} for name, kind in names.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "colorgan",
            "version": __version__,
            "description": "Colors black-and-white photographs. The colors are invented: plausible at best, "
            "never evidence.",
        },
        "paths": paths,
        "components": {"schemas": {"Problem": {"type": "object", "properties": properties}}},
    }


def documentation(settings: ServeConfig) -> str:
    """The page."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = (files("colorgan.service") / "page" / "docs.html.j2").read_text("utf-8")
    return environment.from_string(template).render(api=openapi(settings))


def _parameter(name: str) -> dict[str, Any]:
    (setting,) = (item for item in fields(ColorizeConfig) if item.name == name)
    meta = setting.metadata
    schema = {"type": PARAMETERS[name], "default": setting.default, "enum": meta["choices"]}
    schema |= {"minimum": meta["low"], "maximum": meta["high"]}
    schema = {key: value for key, value in schema.items() if value is not None}
    if zero := meta["zero"]:
        schema |= {
            "type": [PARAMETERS[name], "string"],
            "minimum": 1,
            "pattern": f"^{zero}$",
            "default": zero,
        }
    return {"name": name, "in": "query", "description": meta["help"], "schema": schema}
