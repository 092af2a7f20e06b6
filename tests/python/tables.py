#!/usr/bin/env python3
"""Reads a table with DuckDB and adds up every column of bytes.

    tables.py FILE.csv
    tables.py FILE.parquet…     entries of a ledger: flows only
"""

import sys

import duckdb


def main(paths):
    if paths[0].endswith(".csv"):
        # Types are guessed from all rows; the header is the first one, whatever stands below.
        rows = duckdb.read_csv(paths, header=True, sample_size=-1)
    else:
        rows = duckdb.read_parquet(paths).filter("type = 'flow'")
    columns = [name for name in rows.columns if name.endswith("gress_bytes")]
    added = " + ".join(f"coalesce(sum({name}::ubigint), 0)" for name in columns)
    count, total = duckdb.sql(f"select count(*), {added} from rows").fetchall()[0]
    print(f"{count} rows, {total} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
