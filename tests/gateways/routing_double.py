"""A routing server on loopback that speaks OSRM's and Valhalla's protocols over an invented road network.

In its world a trip takes a second for each thousandth of a degree of longitude east of 20, whatever the
destination. There are no roads north of 60 degrees, and a question from north of 80 is refused whole, as
both servers do with points that they cannot place.
"""

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

Point = tuple[float, float]


def truth(point: Point) -> float | None:
    lat, lon = point
    return None if lat > 60 else round((lon - 20) * 1000, 3)


class RoutingDouble:
    """``questions`` keeps what was asked: path up to the points, sources, and destination."""

    def __init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.questions: list[tuple[str, list[Point], Point]] = []
        self.agents: set[str | None] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join(10)
        self._http.server_close()

    def osrm(self, target: str) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(target)
        path, _, places = unquote(parts.path).rpartition("/")
        query = parse_qs(unquote(parts.query), separator="&")
        points = [(float(lat), float(lon)) for lon, lat in (place.split(",") for place in places.split(";"))]
        sources = [points[int(number)] for number in query["sources"][0].split(";")]
        [destination] = [points[int(number)] for number in query["destinations"][0].split(";")]
        self.questions.append((path, sources, destination))
        if any(lat > 80 for lat, _ in sources):
            return 400, {"code": "NoSegment", "message": "Could not find a matching segment"}
        return 200, {"code": "Ok", "durations": [[truth(point)] for point in sources]}

    def valhalla(self, path: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        sources, [destination] = _points(asked["sources"]), _points(asked["targets"])
        self.questions.append((f"{path} {asked['costing']}", sources, destination))
        if any(lat > 80 for lat, _ in sources):
            return 400, {"error_code": 171, "error": "No suitable edges near location"}
        matrix = [
            [{"from_index": number, "to_index": 0, "time": truth(point), "distance": 1.0}]
            for number, point in enumerate(sources)
        ]
        return 200, {"sources_to_targets": matrix, "units": "kilometers"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*double.osrm(self.path))

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(*double.valhalla(self.path, asked))

            def _answer(self, status: int, found: dict[str, Any]) -> None:
                double.agents.add(self.headers["User-Agent"])
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        return Handler


def _points(locations: Sequence[dict[str, float]]) -> list[Point]:
    return [(location["lat"], location["lon"]) for location in locations]
