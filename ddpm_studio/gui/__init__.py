"""Window (Qt): views of the studio's model; nothing here computes."""
