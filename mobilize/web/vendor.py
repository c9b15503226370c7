"""Copies the front-end libraries from ``node_modules`` to where the pages load them.

Run by ``make setup`` as ``python mobilize/web/vendor.py``. The copies are not kept in the repository;
their versions are in ``package-lock.json``.
"""

import shutil
import sys
from pathlib import Path

WEB = Path(__file__).parent
ROOT = WEB.parent.parent
VENDOR = WEB / "static" / "vendor"

#: File in ``node_modules`` -> name under ``static/vendor``.
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE",
    "leaflet/dist/leaflet.js": "leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet.css",
    "leaflet/LICENSE": "leaflet.LICENSE",
    "topojson-client/dist/topojson-client.min.js": "topojson-client.min.js",
    "topojson-client/LICENSE": "topojson-client.LICENSE",
    "world-atlas/countries-10m.json": "countries-10m.json",
    "world-atlas/countries-110m.json": "countries-110m.json",
    "world-atlas/LICENSE": "world-atlas.LICENSE",
}


def copy(modules: Path, target: Path) -> list[str]:
    """Copy every file; returns the names of those that are missing in ``modules``."""
    target.mkdir(parents=True, exist_ok=True)
    missing = [name for name in FILES if not (modules / name).is_file()]
    for name, copied in FILES.items():
        if name not in missing:
            shutil.copyfile(modules / name, target / copied)
    return missing


if __name__ == "__main__":
    absent = copy(ROOT / "node_modules", VENDOR)
    if absent:
        sys.exit(f"Not found in node_modules: {', '.join(absent)}. Run `npm ci` first.")
