"""What `./run` does. `__main__`, `environment` and `console` need nothing but Python itself."""
