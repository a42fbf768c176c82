"""How the networks of a setting are read."""

from replications.tcav.captioned import CaptionedNetworks
from replications.tcav.captioned_readings import CaptionedReadings
from replications.tcav.experiment import Networks, Readings
from replications.tcav.published import PublishedNetwork
from replications.tcav.published_readings import PublishedReadings
from replications.tcav.settings import MeasureParams
from replications.tcav.textured import TexturedNetworks
from replications.tcav.textured_readings import TexturedReadings


def find_readings(networks: Networks, params: MeasureParams) -> Readings:
    """Returns how these networks are read."""
    match networks:
        case CaptionedNetworks():
            return CaptionedReadings(networks, params)
        case TexturedNetworks():
            return TexturedReadings(networks, params)
        case PublishedNetwork():
            return PublishedReadings(networks, params)
    raise TypeError(f"got {type(networks).__name__}; expected the networks of a setting")
