"""The program that decodes a Parquet file in a process of its own, and writes what is in it as Arrow.

It imports nothing but Polars, to start fast.
"""

import sys
from pathlib import Path

_MEMORY = 2**33  # bytes of addresses, of which Polars takes many more than it uses


def decode(path: Path, out: Path, largest: int, most: int) -> None:
    """Write the columns of one value a row; others are left empty, but keep their type.

    Args:
        path: Parquet file.
        out: Arrow file to be written.
        largest: bytes that the values may need.
        most: columns.
    """
    import polars as pl

    table = pl.scan_parquet(path, glob=False)
    schema = table.collect_schema()
    rows = int(table.select(pl.len()).collect().item())
    if 8 * rows * len(schema) > largest or len(schema) > most:
        sys.exit(f"{rows} rows of {len(schema)} columns are more than are read: keep fewer")
    plain = [name for name, kind in schema.items() if not (kind.is_nested() or kind == pl.Binary or kind == pl.Object)]
    columns = [pl.col(name) if name in plain else pl.lit(None, kind).alias(name) for name, kind in schema.items()]
    found = table.select(columns).collect()
    if (size := found.estimated_size()) > largest:
        sys.exit(f"it unpacks to {size} bytes, more than are read: keep fewer rows or columns")
    found.write_ipc(out)


def limit_memory(size: int) -> None:
    """Let this process have so many bytes, where the system can do that."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


if __name__ == "__main__":
    source, target, largest, most = sys.argv[1:5]
    sys.path[:] = sys.argv[5:]
    limit_memory(_MEMORY)
    decode(Path(source), Path(target), int(largest), int(most))
