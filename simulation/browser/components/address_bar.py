"""The page's address follows what is on the screen, and the browser remembers it: nothing is lost with the server."""

import solara

__all__ = ["AddressBar"]


@solara.component_vue("address_bar.vue")
def AddressBar(query: str, asks: bool, go_to: str = "") -> None:
    """Put `query` into the address in place of the one before; `asks`: whether leaving the page would lose something.

    Whoever comes to the page without an address of his own is offered what was there last. `go_to` is an address to go to now.
    """
