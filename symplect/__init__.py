"""Hamiltonian neural networks: learn H(q, p) from data, and move along its symplectic gradient.

The names stand in `__init__.pyi`; each is imported when it is first used, so that the command line helps at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
