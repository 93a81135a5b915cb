"""Figures from runs: functions that take what `load_run` returns and give a Plotly figure."""

from symplect.views.plots._runs import by_task, of_pixels
from symplect.views.plots._style import colour, name
from symplect.views.plots.latent import EnergyStep, energy_step
from symplect.views.plots.pictures import Picture, gallery

__all__ = ["EnergyStep", "Picture", "by_task", "colour", "energy_step", "gallery", "name", "of_pixels"]
