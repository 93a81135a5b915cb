"""Files that are whole or absent, of bounded size, whose arrays carry no code."""

from symplect.files.arrays import ArrayHeader, array_header, read_arrays, unpacked, write_arrays
from symplect.files.atomic import discard_leftovers, require_place, writing
from symplect.files.bounds import LARGEST, MOST_ARRAYS, read_bounded, require_regular, require_size
from symplect.files.json_files import parsed_json, read_json, typed_json, write_json
from symplect.files.trees import arrays_of, name_of, read_header, read_tree, write_tree

__all__ = [
    "LARGEST",
    "MOST_ARRAYS",
    "ArrayHeader",
    "array_header",
    "arrays_of",
    "discard_leftovers",
    "name_of",
    "parsed_json",
    "read_arrays",
    "read_bounded",
    "read_header",
    "read_json",
    "read_tree",
    "require_place",
    "require_regular",
    "require_size",
    "typed_json",
    "unpacked",
    "write_arrays",
    "write_json",
    "write_tree",
    "writing",
]
