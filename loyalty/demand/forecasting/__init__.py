"""What will be asked for: a panel of series in, quantiles by series and period out. numpy in, numpy out; no
clock, no files but the model's own folder.

panel = panels.read(table)  or  panels.of_demand(demand, products, availability, as_of)
model = training.train(panel)          model.measured: how it did on its own past
model.forecast(panel, 28, "day")       mean and quantiles, series by period
"""

from loyalty.demand.forecasting.panels import InvalidPanel, Panel
from loyalty.demand.forecasting.quantiles import LEVELS
from loyalty.demand.forecasting.training import Forecast, Model, train

__all__ = ["LEVELS", "Forecast", "InvalidPanel", "Model", "Panel", "train"]
