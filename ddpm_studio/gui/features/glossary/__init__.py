"""Help > Glossary: words and signs, and the links that lead to them."""
