"""Reads a file with a reader that is not Fabula's and prints its rows: a line of names, then a row a line.

A value is null or [type, text]: int, decimal, float, bool, time (ISO 8601 in UTC), text, bytes (hexadecimal).
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
        v = v.astimezone(datetime.timezone.utc) if v.tzinfo else v
        return ["time", v.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"]
    if isinstance(v, (bytes, bytearray, memoryview)):
        return ["bytes", bytes(v).hex()]
    if isinstance(v, (dict, list)):
        return ["json", json.dumps(v)]
    return ["text", str(v)]


def main():
    reader, file, table = sys.argv[1:4]
    if reader == "sqlite3":
        import sqlite3

        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        cursor = connection.execute(f'SELECT * FROM "{table}"')
        names, rows = [c[0] for c in cursor.description], cursor
    elif reader in ("duckdb", "duckdb-sql"):
        import duckdb

        duckdb.execute("SET TimeZone = 'UTC'")
        if reader == "duckdb-sql":
            question = file
        elif file.endswith(".csv"):
            question = f"SELECT * FROM read_csv('{file}', all_varchar = true, header = true)"
        elif file.endswith(".json"):
            question = f"SELECT * FROM read_json('{file}', format = 'newline_delimited')"
        else:
            question = f"SELECT * FROM '{file}'"
        cursor = duckdb.execute(question)
        names, rows = [c[0] for c in cursor.description], cursor.fetchall()
    else:
        import pyarrow as pa
        import pyarrow.feather
        import pyarrow.parquet

        read = pa.parquet.read_table if file.endswith(".parquet") else pa.feather.read_table
        found = read(file)
        names = found.column_names
        columns = []
        for column in found.columns:
            # Python's times have microseconds.
            if pa.types.is_timestamp(column.type):
                column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
            columns.append(column.to_pylist())
        rows = zip(*columns)
    print(json.dumps(names))
    for row in rows:
        print(json.dumps([value(v) for v in row]))


main()
