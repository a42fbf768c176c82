# %% [markdown]
# # Title of the replication
#
# Explain the paper, show what came out, and let the reader play. This file is executed by the stage `page`.

# %%
import os

from replications.common.measurements import read_measurements

setting = os.environ.get("REPLICATION_SETTING", "laptop")
measured = read_measurements("template", setting)
measured["mean-is-half"]

# %% [markdown]
# ## Try it yourself
#
# Change the numbers and run the cell again.

# %%
import numpy as np

from replications.template.method import estimate_mean

estimate_mean(np.array([0.1, 0.5, 0.9]))
