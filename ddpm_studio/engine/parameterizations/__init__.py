"""Parameterisations (ε, x_0, μ, v, EDM, flow): prediction target and preconditioning of networks.

One module each, listed in :data:`ddpm_studio.engine.tables.PARAMETERIZATIONS`.
"""
