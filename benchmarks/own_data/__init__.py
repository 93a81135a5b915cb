"""Records of systems whose truth is known, as people bring them."""

from own_data import faulty_records, formats, losses, many_degrees, mechanisms, oscillators

SITUATIONS = {
    situation.name: situation
    for module in (oscillators, many_degrees, mechanisms, losses, faulty_records, formats)
    for situation in module.SITUATIONS
}
"""All situations by name."""
