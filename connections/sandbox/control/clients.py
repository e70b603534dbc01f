from .. import clients
from .access import Answer, Asked, control


@control("PUT")
def put(asked: Asked) -> Answer:
    app = clients.register(
        asked["client_id"],
        client_secret=asked["client_secret"],
        name=asked.get("name", ""),
        redirect_uris=asked["redirect_uris"],
        notice_url=asked.get("notice_url", ""),
    )
    return {"client_id": app.client_id}
