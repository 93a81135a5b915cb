"""Figures from runs: functions that take what `load_run` returns and give a Plotly figure."""

from symplect.plots._runs import by_task
from symplect.plots._style import colour, name
from symplect.plots.latent import EnergyStep, energy_step
from symplect.plots.pictures import Picture, gallery

__all__ = ["EnergyStep", "Picture", "by_task", "colour", "energy_step", "gallery", "name"]
