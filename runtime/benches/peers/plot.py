"""Bars on a logarithmic scale, as an SVG."""

import math
from html import escape

# Told apart by people who do not see all colours alike.
COLOURS = {
    "parlor": "#d55e00",
    "floor-tick": "#999999",
    "floor-each": "#cccccc",
    "ngircd": "#0072b2",
    "inspircd": "#56b4e9",
    "ergo": "#009e73",
    "ancestor": "#e69f00",
}
WIDTH, LEFT, RIGHT, TOP = 880, 190, 90, 56
BAR, GAP, BELOW = 16, 14, 34


def bars(title, groups, text):
    """`groups`: {label: [(server, spread)]}; `text` writes a figure. None where there is nothing to draw."""
    groups = {label: rows for label, rows in groups.items() if rows}
    values = [value for rows in groups.values() for _, it in rows for value in (it.low, it.high) if value > 0]
    if not values:
        return None
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    # The least bar is still one.
    if math.log10(min(values)) - low < 0.1:
        low -= 1
    high = max(high, low + 1)
    height = TOP + sum(len(rows) * BAR + GAP for rows in groups.values()) + BELOW
    bottom = height - BELOW

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(max(value, 10.0**low)) - low) / (high - low)

    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="16" y="26" font-size="16">{escape(title)}</text>',
    ]
    for decade in range(low, high + 1):
        at = x(10.0**decade)
        label = f"{10**decade:,}" if decade >= 0 else f"{10.0**decade:.{-decade}f}"
        svg.append(f'<path d="M{at:.1f} {TOP - 8}V{bottom}" stroke="#ddd"/>')
        svg.append(f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#555">{label}</text>')
    y = TOP
    for label, rows in groups.items():
        svg.append(f'<text x="16" y="{y + BAR - 4}" font-weight="bold">{escape(label)}</text>')
        for server, spread in rows:
            end, middle = x(spread.median), y + BAR / 2
            colour = COLOURS.get(server, "#cc79a7")
            svg.append(f'<text x="{LEFT - 8}" y="{y + BAR - 4}" text-anchor="end">{escape(server)}</text>')
            svg.append(
                f'<rect x="{LEFT}" y="{y + 2}" width="{max(end - LEFT, 1):.1f}" height="{BAR - 4}" fill="{colour}"/>'
            )
            svg.append(
                f'<path d="M{x(spread.low):.1f} {middle}H{x(spread.high):.1f}" stroke="#000" stroke-width="1.5"/>'
            )
            after = max(end, x(spread.high)) + 6
            svg.append(f'<text x="{after:.1f}" y="{y + BAR - 4}">{escape(text(spread.median))}</text>')
            y += BAR
        y += GAP
    svg.append("</svg>\n")
    return "\n".join(svg)
