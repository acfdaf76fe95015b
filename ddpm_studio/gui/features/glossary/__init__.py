"""Glossary of terms and symbols, opened by Help > Glossary and by links to its entries."""
