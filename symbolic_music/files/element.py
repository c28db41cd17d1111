"""The elements of a MusicXML file."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement


def add(parent: Element, tag: str, text: object = None, /, **attributes: object) -> Element:
    """Append an element; "_" in the name of an attribute is "-".

    >>> add(Element("note"), "tie", type="start").attrib
    {'type': 'start'}
    """
    element = SubElement(parent, tag, {name.replace("_", "-"): str(value) for name, value in attributes.items()})
    if text is not None:
        element.text = str(text)
    return element
