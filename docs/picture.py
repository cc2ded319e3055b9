#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A picture of a terminal from the text that stood on it: real text, 80 columns, for light and dark.

    ./run demo --keep story
    (echo 'co$ proviso board'; proviso --home story/co board) > docs/board.txt
    python3 docs/picture.py docs/board.txt docs/board.svg
"""
import re
import sys
from xml.sax.saxutils import escape

COLUMNS, CELL, LINE, SIZE, EDGE, BAR = 80, 8.4, 20, 14, 18, 34
STYLE = """
  .ground { fill: #FFFFFF; stroke: #6E7A87; }
  .bar { fill: #F1F4F7; }
  .dot { fill: none; stroke: #6E7A87; }
  text { font: 14px ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; fill: #14181D; white-space: pre; }
  .strong { font-weight: 700; }
  .flow { font-weight: 700; fill: #0B57B0; }
  .muted { fill: #4A5560; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0E1318; stroke: #7D8A97; }
    .bar { fill: #182028; }
    .dot { stroke: #7D8A97; }
    text { fill: #F2F5F8; }
    .flow { fill: #7FB8FF; }
    .muted { fill: #B3BDC8; }
  }
"""


def pieces(line, number):
    """(column, text, class): what the tool itself sets off on a terminal."""
    prompt = re.match(r"(\w+\$ )(.*)", line)
    state = re.match(r"( +)(OPEN|PARTLY|BARRED|STOPPED)( .*)", line)
    if prompt:
        return [(0, prompt[1], "muted"), (len(prompt[1]), prompt[2], "strong")]
    if state:
        at = len(state[1])
        return [(at, state[2], "flow" if state[2] == "OPEN" else "strong"), (at + len(state[2]), state[3], "")]
    if re.fullmatch(r"[a-z0-9.-]+", line):
        return [(0, line, "strong")]
    if line.startswith("Why: "):
        return [(0, line, "muted")]
    return [(0, line, "")] if line else []


def picture(lines):
    width, height = COLUMNS * CELL + 2 * EDGE, BAR + len(lines) * LINE + 2 * EDGE - 8
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img">',
           "<!-- SPDX-License-Identifier: Apache-2.0; made by docs/picture.py -->", f"<title>{escape(lines[0])}</title>",
           f"<desc>{escape(chr(10).join(lines))}</desc>", f"<style>{STYLE}</style>",
           f'<rect class="ground" x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>',
           f'<path class="bar" d="M1 {BAR} V9 a8 8 0 0 1 8 -8 H{width - 9:g} a8 8 0 0 1 8 8 V{BAR} Z"/>']
    out += [f'<circle class="dot" cx="{EDGE + 4 + 20 * i}" cy="{BAR / 2:g}" r="5.5"/>' for i in range(3)]
    for i, line in enumerate(lines):
        for column, text, style in pieces(line, i):
            lead = len(text) - len(text.lstrip())
            text, column = text.strip(), column + lead
            if text:
                out.append(f'<text class="{style}" x="{EDGE + column * CELL:g}" y="{BAR + EDGE + 8 + i * LINE:g}" xml:space="preserve" '
                           f'textLength="{len(text) * CELL:g}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'.replace('class="" ', ""))
    return "\n".join(out) + "\n</svg>\n"


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as f:
        lines = f.read().rstrip("\n").split("\n")
    wide = [line for line in lines if len(line) > COLUMNS]
    if wide:
        sys.exit(f"picture: more than {COLUMNS} columns: {wide[0]}")
    with open(target, "w", encoding="utf-8") as f:
        f.write(picture(lines))
