"""Reads a file with a reader that is not Fabula's and prints its rows: a line of names, a line of the types that its columns
are declared as, then a row a line.

A value is null or [type, text]: int, decimal, float, bool, time (ISO 8601 in UTC, with all of its digits), text, bytes
(hexadecimal), json.
"""

import datetime
import decimal
import json
import sys


def value(v):
    if v is None:
        return None
    if isinstance(v, bool):
        return ["bool", "true" if v else "false"]
    if isinstance(v, int):
        return ["int", str(v)]
    if isinstance(v, decimal.Decimal):
        return ["decimal", format(v, "f")]
    if isinstance(v, float):
        return ["float", repr(v)]
    if isinstance(v, datetime.datetime):
        if v.tzinfo is None:
            raise ValueError(f"{v} is a time without a zone: nobody knows which moment it is")
        v = v.astimezone(datetime.timezone.utc)
        return ["time", v.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"]
    if isinstance(v, (bytes, bytearray, memoryview)):
        return ["bytes", bytes(v).hex()]
    if isinstance(v, (dict, list)):
        number = lambda it: float(it) if isinstance(it, decimal.Decimal) else str(it)
        return ["json", json.dumps(v, default=number)]
    return ["text", str(v)]


class Moment(str):
    """A time that is written already, with more digits than Python's have."""


def told(v):
    return ["time", str(v)] if isinstance(v, Moment) else value(v)


def moment(count, unit):
    """A moment that is a count of units since the epoch, with nine digits."""
    seconds, rest = divmod(count, {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[unit])
    digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    second = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return Moment(second.isoformat() + "." + str(rest).zfill(digits).ljust(9, "0") + "Z")


def sqlite(file, table):
    import sqlite3

    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    types = [row[2] for row in connection.execute(f"PRAGMA table_info('{table}')")]
    cursor = connection.execute(f'SELECT * FROM "{table}"')
    return [c[0] for c in cursor.description], types, cursor


def duckdb_rows(question):
    import duckdb

    duckdb.execute("SET TimeZone = 'UTC'")
    cursor = duckdb.execute(question)
    return [c[0] for c in cursor.description], [str(c[1]) for c in cursor.description], cursor.fetchall()


def duckdb_file(file):
    import duckdb

    if file.endswith(".csv"):
        source = f"read_csv('{file}', all_varchar = true, header = true)"
    else:
        source = f"'{file}'"
    described = duckdb.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    names, types = [row[0] for row in described], [row[1] for row in described]
    # Python's times have microseconds, DuckDB's may have more.
    columns = [f'epoch_ns("{n}") AS "{n}"' if t.startswith("TIMESTAMP") else f'"{n}"' for n, t in zip(names, types)]
    rows = duckdb_rows(f"SELECT {', '.join(columns)} FROM {source}")[2]
    timed = [t.startswith("TIMESTAMP") for t in types]
    rows = [[moment(v, "ns") if is_time and v is not None else v for v, is_time in zip(row, timed)] for row in rows]
    return names, types, rows


def pyarrow_file(file):
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    read = pa.parquet.read_table if file.endswith(".parquet") else pa.feather.read_table
    found = read(file)
    columns = []
    for column in found.columns:
        if pa.types.is_timestamp(column.type):
            if column.type.tz != "UTC":
                raise ValueError(f"a time of the zone {column.type.tz}")
            unit = column.type.unit
            columns.append([None if v is None else moment(v, unit) for v in column.cast(pa.int64()).to_pylist()])
        else:
            columns.append(column.to_pylist())
    # A large string is a string: only its places are counted in wider numbers.
    types = [str(column.type).removeprefix("large_") for column in found.columns]
    return found.column_names, types, zip(*columns)


def json_lines(file):
    with open(file, encoding="utf-8") as lines:
        objects = [json.loads(line, parse_float=decimal.Decimal) for line in lines]
    names = list(objects[0])
    for number, line in enumerate(objects):
        if list(line) != names:
            raise ValueError(f"row {number} has other names: {list(line)}")
    return names, [], [list(line.values()) for line in objects]


def main():
    reader, file, table = sys.argv[1:4]
    names, types, rows = {
        "sqlite3": lambda: sqlite(file, table),
        "duckdb": lambda: duckdb_file(file),
        "duckdb-sql": lambda: duckdb_rows(file),
        "pyarrow": lambda: pyarrow_file(file),
        "json": lambda: json_lines(file),
    }[reader]()
    print(json.dumps(names))
    print(json.dumps(types))
    for row in rows:
        print(json.dumps([told(v) for v in row]))


main()
