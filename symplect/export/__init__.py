"""Models for other programs: what a learned model computes, in files that need neither symplect nor JAX's autodiff."""

from symplect.export.json_model import read_json_model
from symplect.export.write import FORMATS, export_model

__all__ = ["FORMATS", "export_model", "read_json_model"]
