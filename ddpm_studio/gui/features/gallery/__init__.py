"""Gallery: browser of kept pictures, with recipes, ratings, boards and nearest neighbours."""
