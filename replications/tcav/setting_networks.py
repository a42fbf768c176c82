"""Which networks and readings a setting has."""

from replications.common.params import load_setting
from replications.common.paths import replication_dir
from replications.tcav.captioned import CaptionedNetworks
from replications.tcav.experiment import Networks
from replications.tcav.fashion import read_garments
from replications.tcav.published import PublishedNetwork
from replications.tcav.settings import CaptionsSetting, ImageNetSetting, TexturesSetting
from replications.tcav.textured import TexturedNetworks


def find_networks(name: str) -> Networks:
    """Returns the networks of a setting.

    Raises:
        FashionError: the photographs are missing.
    """
    folder = replication_dir("tcav")
    if name == "captions":
        garments = read_garments(folder / "artifacts" / "fashion-mnist.npz")
        return CaptionedNetworks(garments, load_setting("tcav", name, CaptionsSetting))
    if name == "textures":
        return TexturedNetworks(load_setting("tcav", name, TexturesSetting))
    return PublishedNetwork(load_setting("tcav", name, ImageNetSetting), folder)
