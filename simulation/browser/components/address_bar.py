"""The page's address follows what is on the screen; what it cannot say is not left without asking."""

import solara

__all__ = ["AddressBar"]


@solara.component_vue("address_bar.vue")
def AddressBar(query: str, asks: bool) -> None:
    """Put `query` into the address in place of the one before; `asks`: whether leaving the page would lose something."""
