"""Others' latency as time goes by, on a logarithmic scale, as an SVG."""

import math
from html import escape

# Told apart by people who do not see all colours alike.
COLOURS = ("#999999", "#d55e00")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BELOW = 880, 300, 70, 20, 56, 40
# What is faster is drawn as this fast.
LEAST_MS = 0.1


def timeline(title, series):
    """`series`: [(name, [[second, median, most]], length of the attack)]. None where there is nothing to draw."""
    series = [it for it in series if it[1]]
    if not series:
        return None
    low = math.log10(LEAST_MS)
    high = math.ceil(math.log10(max(max(row[2] for row in rows) for _, rows, _ in series)))
    high = max(high, 1)
    begin = min(rows[0][0] for _, rows, _ in series)
    end = max(rows[-1][0] for _, rows, _ in series)
    bottom = HEIGHT - BELOW

    def x(second):
        return LEFT + (WIDTH - LEFT - RIGHT) * (second - begin) / (end - begin or 1)

    def y(millis):
        return bottom - (bottom - TOP) * (math.log10(max(millis, LEAST_MS)) - low) / (high - low)

    attack = max(length for _, _, length in series)
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="16" y="26" font-size="16">{escape(title)}</text>',
        f'<rect x="{x(0):.1f}" y="{TOP}" width="{x(min(attack, end)) - x(0):.1f}" height="{bottom - TOP}" fill="#fde9df"/>',
    ]
    for decade in range(round(low), high + 1):
        at, label = y(10.0**decade), f"{10**decade:,}" if decade >= 0 else f"{10.0**decade:.{-decade}f}"
        svg.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        svg.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end" fill="#555">{label}</text>')
    step = 5 if end - begin < 60 else 10
    for second in range(math.ceil(begin / step) * step, math.floor(end) + 1, step):
        svg.append(f'<text x="{x(second):.1f}" y="{bottom + 18}" text-anchor="middle" fill="#555">{second}</text>')
    svg.append(f'<text x="16" y="{TOP - 8}" fill="#555">ms</text>')
    svg.append(f'<text x="{WIDTH - RIGHT}" y="{bottom + 34}" text-anchor="end" fill="#555">s</text>')
    for index, (name, rows, _) in enumerate(series):
        colour = COLOURS[index % len(COLOURS)] if len(series) > 1 else COLOURS[1]
        for column, width, dash in ((1, 1.5, ""), (2, 1, ' stroke-dasharray="3 2"')):
            path = " ".join(f"{x(row[0]):.1f},{y(row[column]):.1f}" for row in rows)
            svg.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>')
        at = WIDTH - RIGHT - 330 * (len(series) - index)
        svg.append(f'<path d="M{at} {TOP - 13}h24" stroke="{colour}" stroke-width="3"/>')
        svg.append(f'<text x="{at + 30}" y="{TOP - 8}">{escape(name)}: median, slowest (dashed)</text>')
    svg.append("</svg>\n")
    return "\n".join(svg)
