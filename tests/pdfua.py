"""A PDF/UA-1 checker for what a machine can see (ISO 14289-1; the Matterhorn protocol's number in brackets).

It replaces veraPDF, which needs Java. The reading order and the sense of the alternatives remain for a person.
"""

import io
from itertools import pairwise

import pikepdf

# Operators that paint or show: each belongs to a tag or to an artifact (01-005).
PAINTING = {"Tj", "TJ", "'", '"', "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "Do", "sh", "EI"}


def problems(content):
    """Return what keeps a file from being PDF/UA-1, in words; an empty list when nothing does."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return [
            *_document(pdf),
            *_structure(pdf),
            *[f"page {n}: {p}" for n, page in enumerate(pdf.pages, 1) for p in (*_page(page), *_fonts(page))],
        ]


def _document(pdf):
    root = pdf.Root
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "not marked as tagged (06-001)"
    if "/StructTreeRoot" not in root:
        yield "no structure tree (01-006)"
    if not str(root.get("/Lang", "")):
        yield "no language (11-006)"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        yield "the title is not displayed (07-002)"
    with pdf.open_metadata() as metadata:
        if str(metadata.get("{http://www.aiim.org/pdfua/ns/id/}part")) != "1":
            yield "no PDF/UA identifier (06-002)"
        if not metadata.get("dc:title"):
            yield "no title (06-003)"


def elements(pdf):
    """Walk the structure tree: (type, element) in reading order."""
    stack = [pdf.Root.StructTreeRoot]
    while stack:
        node = stack.pop()
        if not isinstance(node, pikepdf.Dictionary):
            continue
        if "/S" in node:
            yield str(node.S), node
        children = node.get("/K", [])
        stack += reversed(list(children) if isinstance(children, pikepdf.Array) else [children])


def _structure(pdf):
    if "/StructTreeRoot" not in pdf.Root:
        return
    kinds = []
    for kind, node in elements(pdf):
        kinds.append(kind)
        if kind == "/Figure" and not str(node.get("/Alt", "")):
            yield "a figure without alternative (13-004)"
        if kind == "/TH" and "/A" not in node and "/ID" not in node:
            yield "a header cell without scope (15-003)"
    if kinds[:1] != ["/Document"]:
        yield "the root of the tree is not a document (01-006)"
    headings = [int(kind[2:]) for kind in kinds if kind[:2] == "/H" and kind[2:].isdigit()]
    if headings[:1] != [1] or any(after > before + 1 for before, after in pairwise(headings)):
        yield f"headings skip a level: {headings} (14-003)"


def _page(page):
    annotations = page.get("/Annots", [])
    if len(annotations) and page.get("/Tabs") != pikepdf.Name.S:
        yield "tab order is not that of the structure (28-009)"
    for annotation in annotations:
        if annotation.Subtype == pikepdf.Name.Link and not str(annotation.get("/Contents", "")):
            yield "a link without description (28-012)"
        if "/StructParent" not in annotation:
            yield "a link outside the structure (28-010)"
    if "/StructParents" not in page:
        yield "the page is not in the structure tree (01-005)"
    depth = 0
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        depth += (name in {"BDC", "BMC"}) - (name == "EMC")
        if name in PAINTING and depth == 0:
            yield f"painted outside any tag: {name} {operands[:1]} (01-005)"


def _fonts(page):
    fonts = page.get("/Resources", {}).get("/Font", {})
    for name, font in dict(fonts).items():
        inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
        descriptor = inner.get("/FontDescriptor", {})
        if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
            yield f"font {name} is not embedded (31-009)"
        if "/ToUnicode" not in font:
            yield f"font {name} cannot be read back as text (10-001)"
