"""What a browser may do with our pages: load from here only, and show them in no other page's frame."""

from flask import Response, request

#: No inline scripts or styles. Leaflet sets styles through the CSSOM, which a policy does not stop.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_PAGES = {"web", "security", None}


def protect(response: Response) -> Response:
    """Add the headers to pages and their files; other doors set their own."""
    if request.blueprint in _PAGES:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if request.endpoint != "web.static":
            # Pages hold personal data: neither proxies nor the disk keep them.
            response.headers.setdefault("Cache-Control", "no-store")
    return response
