// The browser's side of LiveFigure (figure.py): one <svg>, in which a background picture stays and artists move.
//
//   model traits   size, papers, background, artists, handles, name, scale, error   described seldom
//                  frame                                                            where everything is now
//                  drag                                                             the reader's newest wishes, to the kernel
//   message        page                                                             a page shows it, to the kernel
//
// Everything is in pixels of the figure, y downwards. A dragged point moves at once; the kernel then says where it is.
// The widget manager keeps one `drag` in flight and sends the newest when that is answered, so nothing queues up.

const SVG = "http://www.w3.org/2000/svg";

const CSS = `
.live-figure { position: relative; max-width: 100%; color: #1f2328; }
.live-figure-scroll { overflow-x: auto; }
.live-figure-scroll:focus-visible { outline: 3px solid #0969da; outline-offset: -3px; }
.live-figure-wide::after { content: "↔ The picture is wider than this: move it sideways."; display: block;
  font-size: var(--jp-content-font-size1, .9rem); color: var(--jp-content-font-color1, var(--ink)); }
.live-figure-card { position: relative; background: #fff; border-radius: 6px; max-width: 100%; overflow: hidden;
  overflow: clip; } /* or a point at the edge that is brought in sight would move the picture */
.live-figure svg { display: block; width: 100%; height: auto; font-family: "DejaVu Sans", Verdana, sans-serif; }
.live-figure svg text { white-space: pre; }
.live-figure-axes { position: absolute; cursor: crosshair; }
.live-figure-handle { position: absolute; width: 36px; height: 36px; margin: -18px 0 0 -18px; border-radius: 50%;
  cursor: grab; touch-action: none; box-sizing: border-box; forced-color-adjust: none; } /* the picture stays white */
.live-figure-handle:active { cursor: grabbing; }
.live-figure-handle:focus-visible { outline: 3px solid #0969da; outline-offset: -6px; }
.live-figure-handle:hover { background: rgba(9, 105, 218, .12); }
.live-figure-note { margin: 4px 0 0; padding: 6px 10px; border-radius: 4px; border-left: 5px solid; font-size: var(--jp-content-font-size1, .9rem);
  line-height: 1.4; white-space: pre-wrap; overflow-wrap: anywhere; }
.live-figure-error { background: #ffebe9; border-color: #cf222e; color: #6e011a; position: absolute; z-index: 1;
  top: 4px; left: 8px; right: 8px; box-shadow: 0 2px 8px rgba(0, 0, 0, .3); pointer-events: none; }
.live-figure-error.live-figure-low { top: auto; bottom: 4px; }
.live-figure-error details { font-size: 12px; }
.live-figure-error summary { width: fit-content; cursor: pointer; pointer-events: auto; }
.live-figure-stale, .live-figure-waiting { background: #fff8c5; border-color: #9a6700; color: #4d2d00; }
.live-figure-waiting { position: absolute; z-index: 1; bottom: 4px; left: 8px; max-width: 70%; pointer-events: none;
  box-shadow: 0 2px 8px rgba(0, 0, 0, .3); }
.live-figure-dead { filter: grayscale(1) opacity(.6); }
:is(.live-figure-gone, .live-figure-gone *).jupyter-widgets-disconnected::before { display: none; } /* the note says it */
/* JupyterLab shows the focus of a slider by its colour alone, which forced colours take away */
.widget-vbox:has(.live-figure) :is(.noUi-handle, .widget-readout, select):focus-visible {
  outline: 3px solid #0969da !important; outline-offset: 1px; }
.widget-vbox:has(.live-figure) .widget-inline-hbox > .widget-label { width: auto; min-width: 80px; } /* more, if a reader spaces letters */
.live-figure-spoken { position: absolute; bottom: 0; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;

const BACK = "To bring it back, use the menu: Kernel → Restart Kernel and Run All Cells.";
const STALE = `The kernel of this picture is gone, so the picture no longer follows. ${BACK}`;
const TURNS = `The kernel of this picture is gone. Its scenes can still be chosen, its controls do nothing. ${BACK}`;

const set = (node, attributes) => { for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value); };

const element = (tag, attributes, parent) => {
  const node = ["div", "style", "details", "summary"].includes(tag) ? document.createElement(tag) : document.createElementNS(SVG, tag);
  set(node, attributes);
  parent?.append(node);
  return node;
};

const number = (x) => Math.round(x * 100) / 100;
const few = (x) => (Math.abs(x) >= 999.5 ? x.toFixed(0) : String(Math.abs(x) < 1e-6 ? 0 : +x.toPrecision(3))); // to be spoken
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const TINY = 1e-6; // pixels: whole steps are not exact to the last digit
const FAR = 1e6; // pixels: beyond, dashes would be counted one by one and numbers lose their last digits

// a place in an SVG path; one too far away is brought near along the line of sight, which nobody can see
const spot = (x, y) => {
  const k = Math.min(1, FAR / Math.max(Math.abs(x), Math.abs(y)));
  return `${number(k * x)} ${number(k * y)}`;
};

const exists = (x, y) => !Number.isNaN(x + y); // matplotlib's way to say "nowhere"

// [code, x, y, …] with matplotlib's path codes → an SVG path
const outline = (flat) => {
  let d = "";
  for (let i = 0; i < flat.length; ) {
    const points = { 1: 1, 2: 1, 3: 2, 4: 3 }[flat[i]];
    if (flat[i] === 79) { d += "Z"; i += 3; continue; }
    if (!points) break; // 0: stop
    d += { 1: "M", 2: "L", 3: "Q", 4: "C" }[flat[i]];
    for (let k = 0; k < points; k++, i += 3) {
      if (!exists(flat[i + 1], flat[i + 2])) return "";
      d += `${spot(flat[i + 1], flat[i + 2])} `;
    }
  }
  return d;
};

// a gap lifts the pen
const polyline = (xy) => {
  let d = "", pen = "M";
  for (let i = 0; i < xy.length; i += 2) {
    if (!exists(xy[i], xy[i + 1])) { pen = "M"; continue; }
    d += pen + spot(xy[i], xy[i + 1]);
    pen = "L";
  }
  return d;
};

// the shape of matplotlib's quiver, for vectors in pixels
const arrows = (xyuv, width, [headwidth, headlength, headaxislength, minshaft, minlength]) => {
  let d = "";
  for (let i = 0; i < xyuv.length; i += 4) {
    const [x, y, u, v] = xyuv.subarray(i, i + 4), length = Math.hypot(u, v) / width;
    if (!exists(x + y, length)) continue;
    let corners;
    if (length < minlength) { // a dot, turning as the arrows do: where they overlap nothing must cancel
      const r = minlength / 2;
      corners = [0, 1, 2, 3, 4, 5].map((k) => [r * Math.cos((k * Math.PI) / 3), -r * Math.sin((k * Math.PI) / 3)]);
    } else {
      const shortest = minshaft * headlength, shrink = length < shortest ? length / shortest : 1;
      const tip = Math.max(length, shortest);
      const half = [[0, 0.5], [tip - headaxislength, 0.5], [tip - headlength, 0.5 * headwidth], [tip, 0]];
      corners = [...half, ...half.slice(0, 3).reverse().map(([a, b]) => [a, -b])].map(([a, b]) => [a * shrink, b * shrink]);
    }
    const cos = (length ? u / (length * width) : 1) * width, sin = (length ? v / (length * width) : 0) * width;
    d += "M" + corners.map(([a, b]) => spot(x + a * cos - b * sin, y + a * sin + b * cos)).join("L") + "Z";
  }
  return d;
};

const pen = (a) => ({
  stroke: a.stroke, "stroke-width": a.width, "stroke-dasharray": a.dashes.join(" ") || "none", "stroke-linejoin": a.join,
  "stroke-linecap": { butt: "butt", round: "round", projecting: "square" }[a.cap] ?? "butt", "stroke-miterlimit": 10,
});

// as many nodes as there are things to show
const exactly = (n, nodes, make) => {
  while (nodes.length > n) nodes.pop().remove();
  while (nodes.length < n) nodes.push(make());
  return nodes;
};

// What can move: `make` the nodes once, `look` when the look changes, `move` when the numbers do.
const KINDS = {
  line: {
    make: (g) => ({ path: element("path", { fill: "none" }, g), group: element("g", {}, g), marks: [] }),
    look: ({ path, group, marks }, a) => {
      set(path, pen(a));
      set(group, { fill: a.fill, stroke: a.edge, "stroke-width": a.edgeWidth, "stroke-linejoin": a.markerJoin, "stroke-miterlimit": 10 });
      exactly(0, marks);
    },
    // one node a marker: where translucent ones overlap, they add up
    move: ({ path, group, marks }, a, xy) => {
      path.setAttribute("d", a.stroke === "none" ? "" : polyline(xy));
      if (!a.marker.length) return;
      const d = marks[0]?.getAttribute("d") ?? outline(a.marker);
      exactly(xy.length / 2, marks, () => element("path", { d }, group)).forEach((mark, i) => {
        const [x, y] = [xy[2 * i], xy[2 * i + 1]], there = exists(x, y);
        mark.style.display = there ? "" : "none";
        if (there) mark.setAttribute("transform", `translate(${spot(x, y)})`);
      });
    },
  },
  arrows: {
    make: (g) => ({ path: element("path", {}, g) }),
    look: ({ path }, a) => set(path, { fill: a.fill }),
    move: ({ path }, a, xyuv) => path.setAttribute("d", arrows(xyuv, a.width, a.shape)),
  },
  outline: {
    make: (g) => ({ path: element("path", {}, g) }),
    look: ({ path }, a) => set(path, { ...pen(a), fill: a.fill }),
    move: ({ path }, a, flat) => path.setAttribute("d", outline(flat)),
  },
  cells: {
    make: (g) => ({ group: element("g", { "shape-rendering": "crispEdges" }, g), cells: [] }),
    look: ({ group, cells }, a) => {
      const [x0, y0, x1, y1] = a.corners, w = (x1 - x0) / a.columns, h = (y1 - y0) / a.rows;
      group.setAttribute("opacity", a.opacity);
      exactly(a.rows * a.columns, cells, () => element("rect", {}, group)).forEach((cell, i) => {
        const x = x0 + w * (i % a.columns), y = y0 + h * Math.floor(i / a.columns);
        set(cell, { x: number(Math.min(x, x + w)), y: number(Math.min(y, y + h)), width: number(Math.abs(w)), height: number(Math.abs(h)) });
      });
    },
    move: ({ cells }, a, colours) => cells.forEach((cell, i) => {
      const fill = colours[i] < 0 ? "none" : "#" + colours[i].toString(16).padStart(6, "0");
      if (cell.getAttribute("fill") !== fill) cell.setAttribute("fill", fill);
    }),
  },
  text: {
    make: (g) => ({ group: element("g", {}, g), box: null, text: null }),
    look: (nodes, a) => {
      nodes.group.replaceChildren();
      nodes.box = element("rect", a.box ?? { fill: "none" }, nodes.group);
      nodes.text = element("text", { fill: a.fill, "font-size": a.size, "font-weight": a.weight, "font-style": a.style, "text-anchor": a.anchor }, nodes.group);
      if (a.mono) nodes.text.style.fontFamily = '"DejaVu Sans Mono", Menlo, Consolas, monospace';
    },
    move: ({ group, box, text }, a, [x, y], string) => {
      group.style.display = string && exists(x, y) ? "" : "none";
      if (!string || !exists(x, y)) return;
      const lines = string.split("\n");
      if (text.dataset.string !== string) {
        text.dataset.string = string;
        text.replaceChildren();
        if (lines.length === 1) text.textContent = string;
        else lines.forEach((line, i) => { element("tspan", { x: 0, dy: i ? `${LINE}em` : 0 }, text).textContent = line; });
      }
      // the first line's baseline, from where the block is held: heights in em
      const extra = LINE * (lines.length - 1), leading = extra && (LINE - 1) / 2;
      const ascent = 0.76 + leading, descent = 0.24 + leading;
      const down = {
        top: ascent, center: (ascent - descent - extra) / 2, center_baseline: (ascent - extra) / 2,
        bottom: -descent - extra, baseline: -extra,
      }[a.baseline];
      group.setAttribute("transform", `translate(${spot(x, y)}) rotate(${a.rotation}) translate(0 ${number(down * a.size)})`);
      if (!a.box) return;
      const { x: left, width } = text.getBBox(), pad = a.box.pad;
      set(box, { x: left - pad, y: -ascent * a.size - pad, width: width + 2 * pad, height: (ascent + descent + extra) * a.size + 2 * pad });
    },
  },
};
const LINE = 1.2; // from one baseline to the next, in em

// the point of a curve (x increasing, [x, y, …]) above or below the pointer
const onCurve = (curve, x, y) => {
  const points = [];
  for (let i = 0; i < curve.length; i += 2) if (exists(curve[i], curve[i + 1])) points.push([curve[i], curve[i + 1]]);
  if (!points.length) return [x, y];
  const inside = clamp(x, points[0][0], points.at(-1)[0]), k = points.findIndex((point) => point[0] >= inside);
  const [xb, yb] = points[k], [xa, ya] = points[k - 1] ?? points[k];
  return [inside, xb === xa ? yb : ya + ((inside - xa) / (xb - xa)) * (yb - ya)];
};

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2); // which of several views of this figure is dragged
  const root = element("div", { class: "live-figure", role: "group" }, el);
  element("style", {}, root).textContent = CSS;
  const scroll = element("div", { class: "live-figure-scroll" }, root); // on a phone, rather than text nobody can read
  const card = element("div", { class: "live-figure-card" }, scroll);
  const svg = element("svg", { role: "img" }, card);
  const beneath = element("g", {}, svg), background = element("image", {}, svg), above = element("g", {}, svg);
  const controls = element("div", {}, card);
  const error = element("div", { class: "live-figure-note live-figure-error", role: "alert" }, root);
  const sentence = element("div", {}, error), folded = element("details", {}, error);
  element("summary", {}, folded).textContent = "in Python's words";
  const python = element("div", {}, folded);
  const stale = element("div", { class: "live-figure-note live-figure-stale", role: "status" }, root);
  const waiting = element("div", { class: "live-figure-note live-figure-waiting", role: "status" }, scroll);
  const spoken = element("div", { class: "live-figure-spoken", "aria-live": "polite" }, root);

  const own = behind(model, "drag", { view, seq: 0, wishes: [] });
  const whole = () => el.closest(".widget-vbox") ?? root; // with the sliders and buttons beside the picture
  let marks = [], handles = [], areas = [], url = null, asked = 0, speech = null, seq = 0;
  const mine = new Map(); // handle → where the reader put it, until the kernel has answered to that

  // A picture made ahead may be shown instead of the kernel's, and may have another background: its scenery.
  let made = null, scenery = null;
  const get = (name) => scenery?.[name] ?? model.get(name);

  const resize = () => {
    const [w, h] = get("size");
    svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    set(background, { width: w, height: h });
    Object.assign(card.style, { width: `${w * model.get("scale")}px`, minWidth: `${0.65 * w}px` });
    root.setAttribute("aria-label", model.get("name"));
  };

  const paintBackground = () => {
    const old = url;
    url = URL.createObjectURL(new Blob([get("background")], { type: "image/png" }));
    background.setAttribute("href", url);
    if (old) URL.revokeObjectURL(old);
  };

  const build = () => {
    beneath.replaceChildren();
    for (const [fill, x, y, width, height] of get("papers")) element("rect", { fill, x, y, width, height }, beneath);
    above.replaceChildren();
    marks = get("artists").map((look, i) => {
      const g = element("g", {}, look.kind === "cells" ? beneath : above), clip = `${view}-${i}`;
      if (look.clip) {
        const [x, y, width, height] = look.clip;
        element("rect", { x, y, width, height }, element("clipPath", { id: clip }, g));
        g.setAttribute("clip-path", `url(#${clip})`);
      }
      return { g, kind: KINDS[look.kind], nodes: KINDS[look.kind].make(g), look: null, own: [] };
    });
  };

  const dress = (mark, look) => {
    if (mark.look === look) return;
    mark.look = look;
    mark.g.setAttribute("visibility", look.visible ? "visible" : "hidden");
    mark.kind.look(mark.nodes, look);
  };

  const place = (handle, [x, y]) => {
    if (!exists(x, y)) return; // the point is nowhere: its handle waits where it was, to bring it back
    const [w, h] = get("size");
    handle.at = [x, y];
    Object.assign(handle.node.style, { left: `${(100 * x) / w}%`, top: `${(100 * y) / h}%`, visibility: "" });
  };

  // an error is told where it covers the fewest points: of those that have led there, if it was one of them
  const dodge = () => {
    if (error.style.display) return;
    const crowded = !waiting.style.display || !stale.style.display; // another note stands below
    const box = error.getBoundingClientRect(), { top, bottom } = root.getBoundingClientRect();
    const covered = (from) => handles.filter(({ node }, k) => {
      if (mine.size && !mine.has(k)) return false;
      const point = node.getBoundingClientRect();
      return point.bottom > from && point.top < from + box.height;
    }).length;
    const high = covered(top + 4), low = crowded ? handles.length + 1 : covered(bottom - 4 - box.height);
    if (box.height && high !== low) error.classList.toggle("live-figure-low", low < high);
  };

  const draw = () => {
    cancelAnimationFrame(asked);
    asked = 0;
    const heard = model.get("frame"), placed = heard.ack[0] === view && heard.ack[1] === seq;
    made = foreseen.shown(placed);
    if (scenery !== (made?.scenery ?? null)) {
      scenery = made?.scenery ?? null;
      paintBackground();
      describe();
    }
    const frame = made?.frame ?? heard, looks = get("artists"), wishes = get("handles");
    if (frame.counts.length !== marks.length) return;
    if (placed && !model.get("error")) mine.clear();
    error.style.display = made || !model.get("error") ? "none" : ""; // of what was asked before
    const bytes = frame.numbers; // its place in the message need not be a multiple of four
    const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    let at = 0, text = 0;
    marks.forEach((mark, i) => {
      dress(mark, frame.looks[i] ?? looks[i]);
      mark.own = numbers.subarray(at, (at += frame.counts[i]));
      const held = wishes.findIndex((wish, k) => wish.artist === i && mine.has(k));
      mark.kind.move(mark.nodes, mark.look, held < 0 ? mark.own : mine.get(held), looks[i].kind === "text" ? frame.texts[text++] : "");
    });
    handles.forEach((handle, k) => {
      place(handle, mine.get(k) ?? marks[wishes[k].artist].own);
      const [x, y] = frame.at[k] ?? [];
      if (x === undefined) handle.node.setAttribute("aria-valuetext", "nowhere");
      else {
        const where = (wishes[k].upright ? [y] : wishes[k].along === null ? [x, y] : [x]).map(few).join(", ");
        const refused = model.get("error") && mine.has(k) ? ", its new place is refused" : "";
        const said = where.replaceAll("-", "−") + refused; // a hyphen is not read out
        set(handle.node, { "aria-valuenow": wishes[k].upright ? y : x, "aria-valuetext": said });
      }
    });
    dodge();
    svg.setAttribute("aria-label", frame.description || model.get("name"));
    clearTimeout(speech);
    if (whole().contains(document.activeElement)) {
      speech = setTimeout(() => {
        const run = whole().querySelector(".live-run-note")?.textContent; // that it has ended, or begins anew
        spoken.textContent = [frame.description, run].filter(Boolean).join(" ");
      }, 700);
    }
  };

  const drawSoon = () => { asked ||= requestAnimationFrame(draw); };

  // what follows an empty line is folded
  const complain = () => {
    const [first, ...rest] = model.get("error").split("\n\n");
    sentence.textContent = first;
    python.textContent = rest.join("\n\n");
    folded.style.display = rest.length ? "" : "none";
    drawSoon();
  };

  // what the kernel owes, over the picture; under it, that the kernel is gone, and with it all use of what stands here
  const owe = (words) => {
    waiting.textContent = words;
    waiting.style.display = words ? "" : "none";
    if (made) drawSoon(); // until nothing is owed
  };
  const live = () => {
    const dead = own.comm_live === false, turns = dead && foreseen.turns();
    whole().classList.toggle("live-figure-gone", dead);
    const beside = [...whole().children].filter((part) => !part.contains(root));
    for (const part of [scroll, ...(whole() === root ? [] : beside)]) {
      const alive = !dead || (turns && part.querySelector(".scene-buttons"));
      part.inert = !alive;
      part.classList.toggle("live-figure-dead", !alive && !(turns && part === scroll));
    }
    stale.style.display = dead ? "" : "none";
    stale.textContent = dead ? (turns ? TURNS : STALE) : "";
    if (dead) owe("");
  };

  // ipywidgets gives the handle of a slider no name, and as its value the place among the options or the exponent;
  // and each label the tip "null"
  const nameSliders = () => {
    for (const label of whole().querySelectorAll('.widget-label[title="null"]')) label.removeAttribute("title");
    for (const slider of whole().querySelectorAll(".widget-slider")) {
      const name = slider.querySelector(".widget-label")?.textContent.trim() || "value", handles = slider.querySelectorAll(".noUi-handle");
      const ends = handles.length > 1 ? [`${name}, from`, `${name}, to`] : [name];
      handles.forEach((handle, i) => handle.setAttribute("aria-label", ends[i]));
      const readout = slider.querySelector(".widget-readout"), text = readout?.textContent.trim().replaceAll("-", "−");
      const told = handles.length === 1 && text && handles[0].getAttribute("aria-valuetext") !== text; // or this would not end
      if (told) handles[0].setAttribute("aria-valuetext", text);
      if (readout?.isContentEditable) set(readout, { role: "textbox", "aria-label": `${name}, a number to type` });
    }
  };

  // JupyterLab would take b, m, x, dd and the arrow keys for its own, and change the notebook
  const keepKey = (event) => {
    if (!whole().contains(event.target)) return;
    const foreign = event.ctrlKey || event.altKey || event.metaKey || (event.shiftKey && event.key === "Enter");
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !foreign);
  };

  // the reader's wish for handle k, made lawful: inside the axes, on the curve, on whole steps
  const lawful = (k, x, y) => {
    const { box: [left, top, width, height], snap, step, along, upright, artist } = get("handles")[k];
    if (snap) {
      x = snap[0] + Math.round((x - snap[0]) / step[0]) * step[0];
      y = snap[1] + Math.round((y - snap[1]) / step[1]) * step[1];
      if (x < left - TINY || x > left + width + TINY || y < top - TINY || y > top + height + TINY) return null;
    }
    if (along !== null) return onCurve(Array.isArray(along) ? along : marks[along].own, x, y);
    return [upright ? marks[artist].own[0] : clamp(x, left, left + width), clamp(y, top, top + height)];
  };

  const move = (k, x, y) => {
    if (marks.some(({ look }) => !look)) draw(); // described anew a moment ago
    const point = lawful(k, x, y);
    if (!point) return;
    const wishes = get("handles"), mark = marks[wishes[k].artist];
    mine.set(k, Float32Array.from(point));
    foreseen.dragged(k, wishes[k].artist, point);
    mark.kind.move(mark.nodes, mark.look, mine.get(k));
    place(handles[k], point);
    // every wish without an answer, or a second finger would make the first one's last wish unheard
    const unheard = [...mine].map(([j, [px, py]]) => {
      const { box: [left, top, width, height], limits } = wishes[j];
      return [j, (px - left) / width, 1 - (py - top) / height, limits];
    });
    model.set("drag", { view, seq: ++seq, wishes: unheard });
    model.save_changes();
  };

  const pixel = (event) => {
    const rect = svg.getBoundingClientRect(), [w, h] = get("size");
    return [((event.clientX - rect.left) / rect.width) * w, ((event.clientY - rect.top) / rect.height) * h];
  };

  // the least and the greatest that both coordinates can be; on a curve, its two ends
  const corner = (k, greatest) => {
    const { box: [left, top, width, height], limits: [x0, x1, y0, y1], snap, step } = get("handles")[k];
    const [dx, dy] = snap ? step.map((one) => Math.abs(one) / 4) : [0, 0]; // an edge may lie half a step from a whole one
    return [x0 < x1 === greatest ? left + width - dx : left + dx, y0 < y1 === greatest ? top + dy : top + height - dy];
  };

  const moveInSight = (k, x, y) => {
    move(k, x, y);
    handles[k].node.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const moveByKey = (k, event) => {
    const { step: [dx, dy], along, upright } = get("handles")[k], many = event.shiftKey ? 10 : 1;
    if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      event.stopPropagation();
      return moveInSight(k, ...corner(k, event.key === "End"));
    }
    const way = {
      ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], PageUp: [0, 10], PageDown: [0, -10],
    }[event.key];
    if (asked) draw(); // from where the point stands by now
    if (!way || !handles[k].at) return;
    event.preventDefault();
    event.stopPropagation();
    const on = way[0] + way[1]; // on a curve, up is onwards; of a bar, right is up
    const [right, up] = along !== null ? [on, 0] : upright ? [0, on] : way;
    moveInSight(k, handles[k].at[0] + right * many * dx, handles[k].at[1] + up * many * dy);
  };

  // from here on, the pointer takes the handle with it, held where it was gripped
  const grab = (k, event) => {
    if (event.button !== 0 || !handles[k].at) return;
    event.preventDefault();
    const { node, at } = handles[k], [px, py] = pixel(event);
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    const follow = (e) => {
      const [x, y] = pixel(e);
      if (e.pointerId === event.pointerId) move(k, x + at[0] - px, y + at[1] - py);
    };
    const release = (e) => {
      if (e.pointerId !== event.pointerId) return;
      node.removeEventListener("pointermove", follow);
      node.removeEventListener("lostpointercapture", release);
    };
    node.addEventListener("pointermove", follow);
    node.addEventListener("lostpointercapture", release);
  };

  // a press beside the points of some axes brings the nearest; a finger must lift first, since it may mean to scroll
  const bring = (members, event) => {
    const [x, y] = pixel(event), wishes = get("handles");
    const far = (k) => (handles[k].at ? Math.hypot(handles[k].at[0] - x, !wishes[k].upright && handles[k].at[1] - y) : 0);
    const k = members.reduce((best, other) => (far(other) < far(best) ? other : best));
    move(k, x, y);
    handles[k].node.focus({ preventScroll: true });
    return k;
  };

  // Handles are kept when they are described anew: one may be under a finger just now.
  const buildHandles = () => {
    const wishes = get("handles"), [w, h] = get("size"), groups = new Map();
    wishes.forEach((wish, k) => { const key = wish.box.join(); groups.set(key, [...(groups.get(key) ?? []), k]); });
    exactly(0, areas);
    for (const members of groups.values()) {
      const [left, top, width, height] = wishes[members[0]].box, area = element("div", { class: "live-figure-axes" });
      Object.assign(area.style, { left: `${(100 * left) / w}%`, top: `${(100 * top) / h}%`, width: `${(100 * width) / w}%`, height: `${(100 * height) / h}%` });
      area.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "mouse" && event.button === 0) grab(bring(members, event), event);
      });
      area.addEventListener("click", (event) => { if (event.pointerType !== "mouse") bring(members, event); });
      controls.prepend(area);
      areas.push(area);
    }
    for (let k = handles.length; k < wishes.length; k++) {
      const node = element("div", { class: "live-figure-handle", role: "slider", tabindex: 0 }, controls);
      node.style.visibility = "hidden"; // until it is somewhere
      node.addEventListener("keydown", (event) => moveByKey(k, event));
      node.addEventListener("pointerdown", (event) => grab(k, event));
      handles.push({ node, at: null });
    }
    wishes.forEach(({ label, limits, upright }, k) => {
      const [low, high] = (upright ? limits.slice(2) : limits.slice(0, 2)).sort((a, b) => a - b);
      set(handles[k].node, { "aria-label": label, title: `${label}: drag, or use the arrow keys`, "aria-valuemin": low, "aria-valuemax": high });
    });
    drawSoon();
  };

  const describe = () => { resize(); build(); buildHandles(); };
  const listeners = {
    "change:artists": describe, "change:papers": describe, "change:size": describe, "change:scale": resize, "change:name": resize,
    "change:handles": buildHandles, "change:background": paintBackground, "change:frame": drawSoon, "change:error": complain,
    comm_live_update: live,
  };
  // what is asked by no control, point or scene, such as a step, leads nobody here knows where
  const known = (one) => one === own || Object.values(model.get("watched") ?? {}).flat(2).includes(one.model_id);
  const abandon = () => {
    if (own.comm_live === false) return;
    own.comm_live = false;
    own.trigger("comm_live_update");
  };
  const line = watch(own, el, (words) => owe(words), (one) => { if (!known(one)) foreseen.lost(); }, abandon);
  const foreseen = foresee(own, root, line, () => drawSoon());
  for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
  paintBackground();
  describe();
  complain();
  owe("");
  live();
  listen(own);
  // once it has been painted: the kernel then begins to look ahead, which would delay what is seen first
  let painted = requestAnimationFrame(() => {
    painted = requestAnimationFrame(() => { if (own.comm_live !== false) own.send?.({ page: view }, own.callbacks?.()); });
  });
  window.addEventListener("keydown", keepKey, true); // before JupyterLab's own listener
  // a slider may come after the picture, get another name, or move; what the picture itself does is not meant
  const added = new MutationObserver((all) => { if (all.some(({ target }) => !root.contains(target))) nameSliders(); });
  // once it is in the page: text has no measure while it is hidden, and only then is known what stands beside it
  const shown = new ResizeObserver(() => {
    live();
    nameSliders();
    added.disconnect();
    added.observe(whole(), { childList: true, subtree: true, attributeFilter: ["aria-valuetext"] });
    const wide = scroll.scrollWidth > scroll.clientWidth + 1;
    if (wide) set(scroll, { tabindex: 0, role: "group", "aria-label": "the picture: it scrolls sideways" });
    else for (const one of ["tabindex", "role", "aria-label"]) scroll.removeAttribute(one);
    root.classList.toggle("live-figure-wide", wide);
    drawSoon();
  });
  shown.observe(card);

  return () => {
    for (const [name, listener] of Object.entries(listeners)) model.off(name, listener);
    line.end();
    foreseen.end();
    window.removeEventListener("keydown", keepKey, true);
    shown.disconnect();
    added.disconnect();
    cancelAnimationFrame(asked);
    cancelAnimationFrame(painted);
    clearTimeout(speech);
    URL.revokeObjectURL(url);
  };
}

export default { render };
