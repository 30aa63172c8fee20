"""Parses XML that may be hostile: no DOCTYPE, no entities, no comments, limited depth and size.

Without a DOCTYPE there are no entities to expand and nothing external to load (XXE, "billion
laughs"). Without comments and processing instructions the text of an element is one piece, so two
parsers cannot read two different names from it (CVE-2017-11427 and its relatives).
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from xml.parsers import expat

MAX_ELEMENTS = 12_000
"""Room for 5,000 groups, and for a deployment that sends an attribute for each."""

MAX_DEPTH = 60
MAX_ATTRIBUTES = 40
"""Attributes of one element."""

XML_BLANKS = " \t\r\n"
XML_DECLARATION = re.compile(
    r"""<\?xml\s+version=(['"])1\.0\1"""
    r"""(\s+encoding=(['"])utf-?8\3)?"""
    r"""(\s+standalone=(['"])(yes|no)\5)?\s*\?>""",
    re.IGNORECASE,
)
"""XML 1.0 in UTF-8, the only declaration that a document may have."""

_REASON_LIMIT = 500


class Rejected(Exception):
    """A message or metadata that cooper refuses.

    `rule` names the rule that it breaks, for the log; the text says how it breaks it.
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule

    def __str__(self) -> str:
        return f"{self.rule}: {self.args[0]}"[:_REASON_LIMIT]


def decode_utf8(raw: bytes) -> str:
    """Return the document's text. Raise Rejected."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected("encoding", "not UTF-8") from error

    if "\0" in text:
        raise Rejected("encoding", "a NUL character")
    return text


def refuse_declarations(text: str, *, published: bool = False) -> None:
    """Raise Rejected for a DOCTYPE, comment, CDATA section or processing instruction.

    Comments and CDATA sections are accepted of a `published` document: metadata often has them, and
    cooper alone reads it.
    """
    declaration = XML_DECLARATION.match(text)
    if declaration:
        text = text[declaration.end() :]
    if published:
        text = re.sub(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", "", text, flags=re.DOTALL)

    if "<?" in text:
        raise Rejected(
            "declarations", "a processing instruction, or a declaration of another encoding"
        )
    if "<!" in text:
        kinds = "a DOCTYPE" if published else "a DOCTYPE, comment or CDATA section"
        raise Rejected("declarations", kinds)


def parse(raw: bytes, *, max_elements: int = MAX_ELEMENTS) -> ET.Element:
    """Return the document's root element.

    Raise Rejected if the document is not well-formed or exceeds the limits. The caller has
    refused declarations before.
    """
    builder = _LimitedTreeBuilder(max_elements)
    # a namespace that contains the separator is none of ours
    parser = expat.ParserCreate("utf-8", namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    try:
        parser.Parse(raw, True)
        return builder.close()
    # TreeBuilder asserts that there was a root
    except (expat.ExpatError, AssertionError) as error:
        raise Rejected("well-formed", f"not well-formed: {error}") from error


class _LimitedTreeBuilder:
    """Builds the tree, and stops as soon as a limit is exceeded."""

    def __init__(self, max_elements: int) -> None:
        self.builder = ET.TreeBuilder()
        self.elements_left = max_elements
        self.depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements_left -= 1
        self.depth += 1
        if _exceeds_limits(self.elements_left, self.depth, len(attributes)):
            raise Rejected("limits", "too many elements or attributes, or too deep")

        attributes = {_to_qname(key): value for key, value in attributes.items()}
        self.builder.start(_to_qname(name), attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        self.builder.end(_to_qname(name))

    def data(self, text: str) -> None:
        self.builder.data(text)

    def close(self) -> ET.Element:
        return self.builder.close()


def _exceeds_limits(elements_left: int, depth: int, attributes: int) -> bool:
    return elements_left < 0 or depth > MAX_DEPTH or attributes > MAX_ATTRIBUTES


def _to_qname(name: str) -> str:
    """Return ElementTree's `{namespace}local` for expat's `namespace}local`."""
    if "}" in name:
        return "{" + name
    return name


def iter_with_parents(root: ET.Element) -> Iterator[tuple[ET.Element | None, ET.Element]]:
    """Yield every element after its parent (None for the root)."""
    yield None, root
    for parent in root.iter():
        for child in parent:
            yield parent, child


def element_text(element: ET.Element | None) -> str:
    """Return an element's text without the blanks around it; "" if there is no element."""
    if element is None:
        return ""
    return (element.text or "").strip(XML_BLANKS)
