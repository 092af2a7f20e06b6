// What a reviewer of the page would look for: gives every fault as a sentence.
(() => {
  const faults = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    faults.push(`the page is ${document.documentElement.scrollWidth} wide, not ${width}`);
  const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
  const named = (e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") ?? ""} “${e.textContent.trim().slice(0, 40)}”`;

  // Nothing is cut at the right, but what scrolls by itself, and text in a picture neither.
  for (const e of document.querySelectorAll("body *")) {
    if (!seen(e) || e.closest(".table, .skip, .patterns, defs")) continue;
    const box = e.getBoundingClientRect();
    if (e.closest("svg.map") && e.tagName !== "text") continue;
    if (box.right > width + 1 || box.left < -1) faults.push(`${named(e)} reaches ${Math.round(box.right)}`);
    const svg = e.tagName === "text" && e.closest("svg");
    if (svg) {
      const frame = svg.getBoundingClientRect();
      if (box.right > frame.right + 1 || box.left < frame.left - 1) faults.push(`${named(e)} leaves its picture`);
      if (box.height < 9) faults.push(`${named(e)} is ${box.height.toFixed(1)} high`);
    }
  }

  // WCAG 2.1, 1.4.3: text against what is behind it.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (c) => {
    const [r, g, b] = [...c].slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !seen(e) || e.closest("title, .skip")) continue;
    const svg = e.closest("svg");
    const style = getComputedStyle(e);
    // In pictures, letters stand on their outline.
    const front = rgb(svg ? style.fill : style.color);
    const back = svg ? rgb(style.stroke) : behind(e);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faults.push(`${named(e)} has a contrast of ${ratio.toFixed(2)}`);
  }

  // Structure.
  const one = (what) => document.querySelectorAll(what).length === 1 || faults.push(`not one ${what}`);
  for (const what of ["h1", "main", "body > header", "body > footer", "nav[aria-label]", "html[lang]", "title"])
    if (what !== "title") one(what);
  let level = 1;
  for (const h of document.querySelectorAll("h1, h2, h3, h4")) {
    const now = Number(h.tagName[1]);
    if (now > level + 1) faults.push(`${named(h)} skips a level`);
    level = now;
  }
  for (const svg of document.querySelectorAll("svg"))
    if (svg.getAttribute("aria-hidden") !== "true" && !(svg.getAttribute("role") === "img" && svg.getAttribute("aria-label")))
      faults.push(`${named(svg)} has no alternative`);
  for (const th of document.querySelectorAll("th")) if (!th.scope) faults.push(`${named(th)} has no scope`);
  for (const table of document.querySelectorAll("table")) {
    if (!table.querySelector("thead th")) faults.push(`${named(table)} has no header`);
    if (!table.closest("[role=region][aria-label]")) faults.push(`${named(table)} has no name`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size !== ids.length) faults.push("an id is there twice");
  for (const a of document.querySelectorAll("a[href^='#']"))
    if (!document.getElementById(a.getAttribute("href").slice(1))) faults.push(`${named(a)} leads nowhere`);
  for (const e of document.querySelectorAll("[aria-labelledby]"))
    if (!document.getElementById(e.getAttribute("aria-labelledby"))) faults.push(`${named(e)} has no label`);
  if (document.querySelector("script, iframe, object, embed, img[src^=http], link[href^=http]")) faults.push("something is loaded");
  return faults.slice(0, 40);
})()
