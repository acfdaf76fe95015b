"""Gallery: kept pictures, their recipes and neighbours."""
