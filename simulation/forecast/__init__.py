"""A measured course so far, and what may come of it: virtual patients weighted by how well they fit it."""

from simulation.forecast.answer import Forecast
from simulation.forecast.follow import FollowedPatient, Question, follow_all
from simulation.forecast.series import Series, load_series, parse_series

__all__ = ["FollowedPatient", "Forecast", "Question", "Series", "follow_all", "load_series", "parse_series"]
