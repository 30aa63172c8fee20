"""Parsing XML that may be hostile: the limits to the element, and what a declaration may say."""

import pytest

from accounts.providers.saml.safe_xml import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    Rejected,
    decode_utf8,
    element_text,
    iter_with_parents,
    parse,
    refuse_declarations,
)


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


def with_children(count: int) -> bytes:
    return b"<a>" + b"<b/>" * count + b"</a>"


def with_attributes(count: int) -> bytes:
    attributes = " ".join(f'a{number}="x"' for number in range(count))
    return f"<a {attributes}/>".encode()


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (nested, MAX_DEPTH),
        # the root is an element, too
        (with_children, MAX_ELEMENTS - 1),
        (with_attributes, MAX_ATTRIBUTES),
    ],
    ids=["depth", "elements", "attributes"],
)
def test_it_accepts_as_much_as_the_limit_and_no_more(make, limit):
    assert parse(make(limit)).tag == "a"
    with pytest.raises(Rejected) as caught:
        parse(make(limit + 1))
    assert caught.value.rule == "limits"


def test_it_counts_elements_in_all_and_not_at_once():
    siblings = b"<b></b>" * 3
    with pytest.raises(Rejected):
        parse(b"<a>" + siblings + b"</a>", max_elements=3)


def test_it_keeps_namespaces_of_elements_and_attributes():
    root = parse(b'<p:a xmlns:p="urn:p" p:b="1" c="2"><d xmlns="urn:d"/></p:a>')
    assert root.tag == "{urn:p}a" and root.attrib == {"{urn:p}b": "1", "c": "2"}
    assert root[0].tag == "{urn:d}d"


def test_it_keeps_an_elements_text_in_one_piece():
    root = parse("<a>&#97;lice&amp;b\u00f6b &lt;x&gt;</a>".encode())
    assert root.text == "alice&b\u00f6b <x>"


@pytest.mark.parametrize(
    "declaration",
    [
        "",
        '<?xml version="1.0"?>',
        "<?xml version='1.0' encoding='utf-8'?>",
        '<?xml version="1.0" encoding="UTF8" standalone="no" ?>',
        "<?XML version='1.0'?>",
    ],
)
def test_it_accepts_a_declaration_of_xml_in_utf_8(declaration):
    refuse_declarations(declaration + "<a/>")


@pytest.mark.parametrize(
    "text",
    [
        ' <?xml version="1.0"?><a/>',
        '<?xml version="1.0"?><?xml version="1.0"?><a/>',
        '<?xml version="1.1"?><a/>',
        "<?xml version=\"1.0'?><a/>",
        '<?xml version="1.0" encoding="utf-16"?><a/>',
        '<a b="<!"/>',
    ],
)
def test_it_refuses_any_other_declaration_and_what_looks_like_one(text):
    with pytest.raises(Rejected) as caught:
        refuse_declarations(text)
    assert caught.value.rule == "declarations"


@pytest.mark.parametrize("text", ["<!-- a --><a/>", "<!-- <!DOCTYPE a> -->\n<a><!----></a>"])
def test_it_accepts_comments_where_it_is_told_to(text):
    refuse_declarations(text, published=True)
    with pytest.raises(Rejected):
        refuse_declarations(text)


@pytest.mark.parametrize(
    "text",
    [
        "<!-- a --><!DOCTYPE a><a/>",
        "<!-- never closed <!DOCTYPE a><a/>",
        # what is left once the inner comment is gone is a declaration
        "<!<!-- -->DOCTYPE a><a/>",
        "<!-- --><?php ?><a/>",
    ],
)
def test_a_comment_hides_no_declaration(text):
    with pytest.raises(Rejected):
        refuse_declarations(text, published=True)


@pytest.mark.parametrize("raw", [b"\xff", b"a\xc0\xafb", b"\xed\xa0\x80", b"a\0b"])
def test_it_decodes_strict_utf_8_without_nul(raw):
    with pytest.raises(Rejected) as caught:
        decode_utf8(raw)
    assert caught.value.rule == "encoding"


def test_it_yields_every_element_with_its_parent_after_it():
    root = parse(b"<a><b><c/></b><d/></a>")
    pairs = [(parent and parent.tag, child.tag) for parent, child in iter_with_parents(root)]
    assert pairs == [(None, "a"), ("a", "b"), ("a", "d"), ("b", "c")]


def test_it_drops_the_blanks_of_xml_around_a_text_and_no_others():
    assert element_text(parse("<a>\n\t \u00a0x\u00a0 </a>".encode())) == "\u00a0x\u00a0"
    assert element_text(parse(b"<a/>")) == element_text(None) == ""


def test_a_rejection_says_its_rule_and_is_cut_for_the_log():
    text = str(Rejected("size", "x" * 1_000))
    assert text.startswith("size: xxx") and len(text) == 500
