from tests.developers.conftest import environment, receiving, server

__all__ = ["environment", "receiving", "server"]
