"""Turns Natural Earth's countries into `countries.tsv`: one line for each, with its code, its
name, a point inside it and its outline on two maps.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python3 convert.py package iso_3166-1.json > countries.tsv

Needed only to draw other maps or newer borders; the table is what is built in. ISO codes by
number come from iso-codes (Debian); no text of it is taken over.
"""

import json
import math
import sys

WORLD, EUROPE = (960.0, 440.0), (600.0, 560.0)
CENTRE = 11.0  # The world is cut in the Bering Strait.
NAMES = {  # Where Natural Earth abbreviates.
    "AG": "Antigua and Barbuda", "AX": "Åland", "BA": "Bosnia and Herzegovina", "BL": "Saint Barthélemy",
    "CD": "DR Congo", "CF": "Central African Republic", "CK": "Cook Islands", "CZ": "Czechia",
    "DO": "Dominican Republic", "EH": "Western Sahara", "FK": "Falkland Islands", "FO": "Faroe Islands",
    "GQ": "Equatorial Guinea", "GS": "South Georgia", "HM": "Heard and McDonald Islands",
    "IO": "British Indian Ocean Territory", "KN": "Saint Kitts and Nevis", "KY": "Cayman Islands",
    "MF": "Saint Martin", "MH": "Marshall Islands", "MK": "North Macedonia", "MP": "Northern Mariana Islands",
    "PF": "French Polynesia", "PM": "Saint Pierre and Miquelon", "PN": "Pitcairn", "SB": "Solomon Islands",
    "SS": "South Sudan", "ST": "São Tomé and Príncipe", "SZ": "Eswatini", "TC": "Turks and Caicos Islands",
    "TF": "French Southern Territories", "US": "United States", "VC": "Saint Vincent and the Grenadines",
    "VG": "British Virgin Islands", "VI": "US Virgin Islands", "WF": "Wallis and Futuna",
}


def equal_earth(lon, lat):
    """Šavrič, Patterson and Jenny, 2018."""
    a, root = (1.340264, -0.081106, 0.000893, 0.003796), math.sqrt(3) / 2
    t = math.asin(root * math.sin(math.radians(lat)))
    d = a[0] + 3 * a[1] * t**2 + t**6 * (7 * a[2] + 9 * a[3] * t**2)
    x = math.radians(lon - CENTRE) * math.cos(t) / (root * d)
    y = t * (a[0] + a[1] * t**2 + t**6 * (a[2] + a[3] * t**2))
    scale = WORLD[0] / 5.42
    return WORLD[0] / 2 + x * scale, 236 - y * scale


def laea(lon, lat):
    """Lambert azimuthal equal-area about 52° N 10° E, as EPSG:3035, on a sphere."""
    p, q, l = math.radians(lat), math.radians(52), math.radians(lon - 10)
    c = 1 + math.sin(q) * math.sin(p) + math.cos(q) * math.cos(p) * math.cos(l)
    if c < 0.35:
        return None
    k = math.sqrt(2 / c)
    x = k * math.cos(p) * math.sin(l)
    y = k * (math.cos(q) * math.sin(p) - math.sin(q) * math.cos(p) * math.cos(l))
    scale = EUROPE[0] / 0.70
    return 285 + x * scale, 295 - y * scale


def arcs_of(topology):
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        yield points


def unwrapped(points):
    """So that nothing jumps from one side of the world to the other."""
    out = []
    for lon, lat in points:
        if not out:
            lon = (lon - CENTRE + 180) % 360 - 180 + CENTRE
        else:
            lon += 360 * round((out[-1][0] - lon) / 360)
        out.append((lon, lat))
    return out


def simplified(points, tolerance):
    """Douglas and Peucker, 1973."""
    if len(points) < 3:
        return points
    (ax, ay), (bx, by) = points[0], points[-1]
    length = math.hypot(bx - ax, by - ay)
    far, at = 0, 0
    for i, (x, y) in enumerate(points[1:-1], 1):
        d = abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length if length else math.hypot(x - ax, y - ay)
        if d > far:
            far, at = d, i
    if far <= tolerance:
        return [points[0], points[-1]]
    return simplified(points[: at + 1], tolerance)[:-1] + simplified(points[at:], tolerance)


def clipped(ring, width, height):
    """Sutherland and Hodgman, 1974."""
    for axis, limit, sign in ((0, -5, 1), (0, width + 5, -1), (1, -5, 1), (1, height + 5, -1)):
        out = []
        for i, b in enumerate(ring):
            a = ring[i - 1]
            inside_a, inside_b = sign * (a[axis] - limit) >= 0, sign * (b[axis] - limit) >= 0
            if inside_a != inside_b:
                t = (limit - a[axis]) / (b[axis] - a[axis])
                out.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
            if inside_b:
                out.append(b)
        ring = out
        if not ring:
            break
    return ring


def area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1])) / 2


def inside(ring):
    """A point well inside: the widest part of the line through the middle."""
    ys = sorted(y for _, y in ring)
    best = (0, sum(x for x, _ in ring) / len(ring), sum(ys) / len(ys))
    for part in (0.35, 0.45, 0.5, 0.55, 0.65):
        y = ys[0] + (ys[-1] - ys[0]) * part
        cuts = sorted(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
                      for a, b in zip(ring, ring[1:] + ring[:1]) if (a[1] > y) != (b[1] > y))
        for left, right in zip(cuts[::2], cuts[1::2]):
            if right - left > best[0] * 1.05:
                best = (right - left, (left + right) / 2, y)
    return best[1], best[2]


def drawn(rings, least):
    """Relative path data in tenths of a unit."""
    out = []
    for ring in rings:
        points = [(round(x * 10), round(y * 10)) for x, y in ring]
        points = [p for i, p in enumerate(points) if p != points[i - 1]]
        if len(points) < 3 or abs(area(points)) < least * 100:
            continue
        x, y = points[0]
        part = f"M{x} {y}l"
        steps = []
        for a, b in zip(points, points[1:]):
            steps.append(f"{b[0] - a[0]} {b[1] - a[1]}")
        out.append(part + " ".join(steps).replace(" -", "-") + "z")
    return "".join(out)


def countries(topology, project, window, tolerance, least):
    arcs = [simplified([p for p in (project(*q) for q in unwrapped(arc)) if p], tolerance) for arc in arcs_of(topology)]
    whole = [[p for p in (project(*q) for q in unwrapped(arc)) if p] for arc in arcs_of(topology)]
    for geometry in topology["objects"]["countries"]["geometries"]:
        polygons = geometry.get("arcs", [])
        if geometry["type"] == "Polygon":
            polygons = [polygons]

        def rings(source):
            for polygon in polygons:
                for ring in polygon:
                    points = []
                    for number in ring:
                        arc = source[number] if number >= 0 else source[~number][::-1]
                        points += arc if not points else arc[1:]
                    # Parts of one ring may have been unwrapped to different sides.
                    fixed, width = [], WORLD[0] * 0.75
                    for p in points:
                        if fixed and abs(p[0] - fixed[-1][0]) > width:
                            continue
                        fixed.append(p)
                    points = clipped(fixed, *window)
                    if len(points) >= 3:
                        yield points

        exact = sorted(rings(whole), key=lambda r: -abs(area(r)))
        yield geometry.get("id"), geometry["properties"]["name"], drawn(rings(arcs), least), exact[0] if exact else None


def main():
    sys.setrecursionlimit(100_000)
    package, iso = sys.argv[1:]
    codes = {c["numeric"]: c["alpha_2"] for c in json.load(open(iso))["3166-1"]}
    coarse, fine = (json.load(open(f"{package}/countries-{n}m.json")) for n in (110, 50))
    rows = {}
    for number, name, path, ring in countries(coarse, equal_earth, WORLD, 0.35, 0.6):
        if codes.get(number) == "AQ":
            continue
        rows.setdefault((codes.get(number), name), ["", "", "", ""])[0] = path
    for (number, name, _, ring) in countries(fine, equal_earth, WORLD, 0.35, 0.6):
        code = codes.get(number)
        if code is None or code == "AQ" or ring is None:
            continue
        key = next((k for k in rows if k[0] == code), (code, name))
        x, y = inside(ring)
        rows.setdefault(key, ["", "", "", ""])[1] = f"{x:.0f} {y:.0f}"
    for (number, name, path, ring) in countries(fine, laea, EUROPE, 0.45, 1.5):
        code = codes.get(number)
        if ring is None or code == "AQ":
            continue
        key = next((k for k in rows if (k[0] == code if code else k[1] == name)), (code, name))
        row = rows.setdefault(key, ["", "", "", ""])
        row[2] = path
        x, y = inside(ring)
        if abs(area(ring)) >= 1 and 8 < x < EUROPE[0] - 8 and 8 < y < EUROPE[1] - 8 and code not in OUTSIDE:
            row[3] = f"{x:.0f} {y:.0f}"
    print("# Natural Earth 4.1.0 (https://www.naturalearthdata.com, public domain), by way of the npm package")
    print("# world-atlas 2.0.2; made by convert.py. Code, name, point and outline on the world (960 x 440, Equal")
    print("# Earth), point and outline on Europe (600 x 560, Lambert azimuthal about 52 N 10 E); outlines in tenths.")
    for (code, name), (world, at, europe, at_europe) in sorted(rows.items(), key=lambda r: (r[0][0] or "~", r[0][1])):
        if world or europe or at:
            print("\t".join((code or "-", NAMES.get(code, name), at or "-", world or "-", at_europe or "-", europe or "-")))


# Shown at the edge of Europe's map, and not of it.
OUTSIDE = {"MA", "DZ", "TN", "LY", "EG", "IL", "PS", "JO", "SA", "IQ", "IR", "SY", "LB", "KZ", "GL", "UZ", "TM", "RU"}

main()
