"""XML from strangers, read with limits: no DOCTYPE, no entities, no comments, so deep and so large at most."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from xml.parsers import expat

XML_BLANKS = " \t\r\n"
DEPTH, ELEMENTS, ATTRIBUTES = 60, 12_000, 40
DECLARATION = re.compile(
    r"""<\?xml\s+version=(['"])1\.0\1(\s+encoding=(['"])utf-?8\3)?(\s+standalone=(['"])\w+\5)?\s*\?>""",
    re.IGNORECASE,
)


class Rejected(Exception):
    """A message or metadata that cooper does not take; `rule` names the rule that it breaks, the text says how."""

    def __init__(self, rule: str, reason: str) -> None:
        """Keep the rule and the reason."""
        super().__init__(reason)
        self.rule = rule

    def __str__(self) -> str:
        """Say both, for the log."""
        return f"{self.rule}: {self.args[0]}"[:500]


def text_of(raw: bytes) -> str:
    """Return the document's text: UTF-8, with no other encoding declared; raise Rejected."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected("encoding", "not UTF-8") from error
    if "\0" in text:
        raise Rejected("encoding", "a NUL")
    return text


def refuse_declarations(text: str, *, comments: bool = False) -> None:
    """Raise Rejected for a DOCTYPE, comment, CDATA section or processing instruction; metadata may have comments."""
    declared = DECLARATION.match(text)
    body = text[declared.end() :] if declared else text
    if comments:
        body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    if "<?" in body:
        raise Rejected(
            "declarations", "a processing instruction, or a declaration of another encoding"
        )
    if "<!" in body:
        raise Rejected("declarations", "a DOCTYPE, comment or CDATA section")


class _Reader:
    """Builds the tree while it counts."""

    def __init__(self, elements: int) -> None:
        """Begin with nothing."""
        self.builder, self.left, self.depth = ET.TreeBuilder(), elements, 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element's begin; raise Rejected beyond the limits."""
        self.left -= 1
        self.depth += 1
        if _beyond(self.left, self.depth, len(attributes)):
            raise Rejected("limits", "too many elements or attributes, or too deep")
        self.builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        """Take an element's end."""
        self.depth -= 1
        self.builder.end(_clark(name))


def _beyond(left: int, depth: int, attributes: int) -> bool:
    """Return whether a document is larger or deeper than it may be."""
    return left < 0 or depth > DEPTH or attributes > ATTRIBUTES


def _clark(name: str) -> str:
    """Return expat's `namespace}local` as `{namespace}local`."""
    return "{" + name if "}" in name else name


def parse(raw: bytes, *, elements: int = ELEMENTS) -> ET.Element:
    """Return the document's root element; raise Rejected when it is not well-formed or beyond the limits."""
    reader, parser = _Reader(elements), expat.ParserCreate("utf-8", "}")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.builder.data
    try:
        parser.Parse(raw, True)
        root: ET.Element = reader.builder.close()
    except (expat.ExpatError, AssertionError) as error:
        raise Rejected("well-formed", f"not well-formed: {error}") from error
    return root


def walk(root: ET.Element) -> Iterator[tuple[ET.Element | None, ET.Element]]:
    """Return every element with its parent."""
    yield None, root
    for parent in root.iter():
        for child in parent:
            yield parent, child


def text_in(element: ET.Element | None) -> str:
    """Return an element's text without XML's blanks around it ("" without one)."""
    return (element.text or "").strip(XML_BLANKS) if element is not None else ""
