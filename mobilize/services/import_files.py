"""Reading a CSV file that came from anywhere: its encoding, its delimiter, its header, its lines.

The whole file is read once before anything is done with it, so that a file that is broken as a file
(a quotation mark that never ends, NUL bytes) is refused whole. Memory stays bounded: large files are
spooled to disk.
"""

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol

from mobilize.domain.errors import InvalidInput

LONGEST_CELL = 2000
_IN_MEMORY = 4 * 1024 * 1024
_CHUNK = 256 * 1024
_DELIMITERS = ",;\t"
#: Bytes that mean nothing in Windows-1252; a file that has them is Latin-1.
_NOT_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")


class Readable(Protocol):
    """Anything that gives bytes: an open file, a request's body."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One record. ``number`` is the line of the file on which it begins; the header is line 1."""

    number: int
    cells: dict[str, str]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A file that is sound as a file. ``lines`` counts its records, blank lines left out."""

    columns: Sequence[str]
    lines: int
    encoding: str
    delimiter: str
    _file: IO[bytes]

    def __iter__(self) -> Iterator[Line]:
        records = _records(self._file, self.encoding, self.delimiter)
        next(records)
        for number, end, values in records:
            yield _line(number, end, values, self.columns)


def open_table(source: bytes | Readable, known: Collection[str], required: Collection[str]) -> Table:
    """Read and check a file. Raises `InvalidInput` on ``file`` when it cannot be read as a table.

    UTF-8 with or without a byte order mark, otherwise Windows-1252 or Latin-1; the delimiter is the
    one of comma, semicolon and tab that the header uses.
    """
    file = _spooled(source)
    encoding = _encoding(file)
    first = _text(file, encoding).readline(_CHUNK)
    delimiter = max(_DELIMITERS, key=first.count)
    columns = _columns(file, encoding, delimiter)
    _check_columns(columns, known, required)
    lines = sum(1 for _ in _records(file, encoding, delimiter)) - 1
    return Table(columns, lines, encoding, delimiter, file)


def _refuse(message: str) -> InvalidInput:
    return InvalidInput("file", message)


def _spooled(source: bytes | Readable) -> IO[bytes]:
    readable = io.BytesIO(source) if isinstance(source, bytes) else source
    file: Any = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as its table
    copyfileobj(readable, file, _CHUNK)
    return file  # type: ignore[no-any-return]


def _encoding(file: IO[bytes]) -> str:
    """The encoding that fits every byte of the file."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, cp1252, empty = True, True, True
    while chunk := file.read(_CHUNK):
        if b"\0" in chunk:
            raise _refuse("holds NUL bytes: it is no text file, or is UTF-16; save it as CSV in UTF-8.")
        empty = False
        cp1252 = cp1252 and not _NOT_CP1252.intersection(chunk)
        utf8 = utf8 and _decodes(decoder, chunk)
    if empty:
        raise _refuse("is empty; its first line must name the columns.")
    # What ends in the middle of a character is not UTF-8 either.
    utf8 = utf8 and not decoder.getstate()[0]
    return "utf-8-sig" if utf8 else "cp1252" if cp1252 else "latin-1"


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _text(file: IO[bytes], encoding: str) -> Any:
    file.seek(0)
    return codecs.getreader(encoding)(file)


def _records(file: IO[bytes], encoding: str, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """(first line, last line, values) of every record that is not blank, the header first."""
    file.seek(0)
    # A wrapper of its own for each reading, detached at the end: closing it would close the file.
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    start = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield start, reader.line_num, values
            start = reader.line_num + 1
    except csv.Error as error:
        raise _refuse(
            f"cannot be read from line {start} on ({error}); look for a quotation mark without its second one."
        ) from None
    finally:
        text.detach()


def _columns(file: IO[bytes], encoding: str, delimiter: str) -> list[str]:
    header = next(_records(file, encoding, delimiter), None)
    if header is None:
        raise _refuse("is empty; its first line must name the columns.")
    return [name.strip().lower().replace(" ", "_") for name in header[2]]


def _check_columns(columns: Sequence[str], known: Collection[str], required: Collection[str]) -> None:
    found = set(columns)
    if not found & set(known):
        raise _refuse(f"has no header: the first line must name columns, of {', '.join(known)}.")
    problems = []
    if unknown := [name or "(no name)" for name in columns if name not in known]:
        problems.append(f"has unknown columns: {', '.join(unknown):.300}; the columns are {', '.join(known)}.")
    if missing := [name for name in required if name not in found]:
        problems.append(f"lacks the columns {', '.join(missing)}; add them to the first line.")
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        problems.append(f"names the columns {', '.join(twice)} twice; leave one of each.")
    if problems:
        raise InvalidInput({"file": problems})


def _line(number: int, end: int, values: list[str], columns: Sequence[str]) -> Line:
    faults = []
    if end > number:
        faults.append(f"line: lines {number} to {end} read as one; close the quotation mark.")
    if len(values) != len(columns):
        faults.append(f"line: has {len(values)} values for {len(columns)} columns; check its delimiters.")
    for name, value in zip(columns, values, strict=False):
        if len(value) > LONGEST_CELL:
            faults.append(f"{name}: has {len(value)} characters; shorten it.")
    return Line(number, dict(zip(columns, (value.strip() for value in values), strict=False)), tuple(faults))
