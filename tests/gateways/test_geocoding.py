"""Geocoding: the gazetteer, and Nominatim against a server on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from mobilize.domain.errors import InvalidInput
from mobilize.gateways import geocoding
from mobilize.services.ports import Geocoder


@pytest.fixture(scope="module")
def offline() -> Geocoder:
    return geocoding.offline_geocoder()


@pytest.mark.parametrize(
    "address",
    ["Durrës", "durres", "DURRËS", "Rruga Tirana 5, Durrës, Albania", "Rruga e Portit, 2001 Durrës", "Durazzo"],
)
def test_an_address_is_found_by_its_town(offline: Geocoder, address: str) -> None:
    found = offline.locate(address, "AL")
    assert found is not None
    assert (found.lat, found.lon) == pytest.approx((41.32, 19.45), abs=0.05)


def test_towns_of_other_countries_are_not_found(offline: Geocoder) -> None:
    assert offline.locate("Durrës", "IT") is None


def test_the_most_populous_of_one_name_wins(offline: Geocoder) -> None:
    found = offline.locate("Springfield", "US")
    assert found is not None
    assert found.lat == pytest.approx(37.2, abs=0.1)  # Missouri


@pytest.mark.parametrize("address", ["", ",,,", "12345", "Nowhere at all"])
def test_an_address_without_a_town_is_not_found(offline: Geocoder, address: str) -> None:
    assert offline.locate(address, "AL") is None


class _Nominatim(BaseHTTPRequestHandler):
    """Knows the port of Durrës; `asked` keeps what it was asked."""

    asked: ClassVar[list[dict[str, list[str]]]] = []
    status = 200

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        type(self).asked.append(query | {"agent": [self.headers["User-Agent"]]})
        known = [{"lat": "41.3125", "lon": "19.4453", "display_name": "Port, Durrës"}]
        body = json.dumps(known if "Porti" in query["q"][0] else []).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    _Nominatim.asked, _Nominatim.status = [], 200
    http = HTTPServer(("127.0.0.1", 0), _Nominatim)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


def test_nominatim_is_asked_within_the_country_and_told_who_asks(server: str) -> None:
    found = geocoding.nominatim_geocoder(server, seconds_between=0).locate("Porti, Durrës", "AL")
    assert found is not None
    assert (found.lat, found.lon, found.name) == (41.3125, 19.4453, "Port, Durrës")
    assert _Nominatim.asked[0]["countrycodes"] == ["al"]
    assert _Nominatim.asked[0]["agent"] == [geocoding.USER_AGENT]


def test_nominatim_may_not_know_an_address(server: str) -> None:
    assert geocoding.nominatim_geocoder(server, seconds_between=0).locate("Nowhere", "AL") is None


def test_a_failing_nominatim_is_a_clear_error(server: str) -> None:
    _Nominatim.status = 503
    with pytest.raises(InvalidInput, match="give lat and lon"):
        geocoding.nominatim_geocoder(server, seconds_between=0).locate("Porti", "AL")


def test_an_unreachable_nominatim_is_a_clear_error() -> None:
    with pytest.raises(InvalidInput, match="give lat and lon"):
        geocoding.nominatim_geocoder("http://127.0.0.1:9", seconds_between=0).locate("Porti", "AL")
