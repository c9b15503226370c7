"""The reliability diagram as SVG: promised across, kept upwards, and the diagonal of honesty."""

from .promises import Audit, Band

_SIDE, _EDGE = 400, 50
_SIZE = _SIDE + 2 * _EDGE
_HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" role="img"
 font-family="sans-serif" font-size="12">
<rect width="{_SIZE}" height="{_SIZE}" fill="#ffffff"/>
<rect x="{_EDGE}" y="{_EDGE}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#565f6c"/>
<line x1="{_EDGE}" y1="{_EDGE + _SIDE}" x2="{_EDGE + _SIDE}" y2="{_EDGE}" stroke="#c3c9d2"/>
<text x="{_SIZE / 2}" y="{_SIZE - 12}" text-anchor="middle">promised at the launch</text>
<text x="14" y="{_SIZE / 2}" transform="rotate(-90 14 {_SIZE / 2})" text-anchor="middle"
>filled in time</text>"""


def reliability(found: Audit) -> str:
    """The whole picture: a dot a band with its 90 % interval and the number of call-outs."""
    title = f"<title>Promised and kept, {found.count} call-outs</title>"
    return "\n".join([_HEAD, title, *_ticks(), *map(_dot, found.bands), "</svg>"])


def _at(x: float, y: float) -> tuple[float, float]:
    return _EDGE + x * _SIDE, _EDGE + (1 - y) * _SIDE


def _ticks() -> list[str]:
    marks = []
    for percent in range(0, 101, 20):
        x, y = _at(percent / 100, 0)
        marks.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{percent} %</text>')
        x, y = _at(0, percent / 100)
        marks.append(f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{percent} %</text>')
    return marks


def _dot(band: Band) -> str:
    x, kept = _at(band.promised, band.kept)
    low, high = _at(0, band.low)[1], _at(0, band.high)[1]
    return (
        f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}" stroke="#0b57a4"/>'
        f'<circle cx="{x:.1f}" cy="{kept:.1f}" r="4" fill="#0b57a4"/>'
        f'<text x="{x - 8:.1f}" y="{kept - 8:.1f}" text-anchor="end">{band.count}</text>'
    )
