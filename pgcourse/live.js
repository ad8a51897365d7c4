// The browser's side of LiveFigure (live.py): one <svg> above a background picture.
//
//   model traits   size, background, artists, handles, name, scale, error   described seldom
//                  frame                                                    where everything is now
//                  drag                                                     the reader's newest wish, to the kernel
//
// Everything is in pixels of the figure, y downwards. A dragged point moves at once; the kernel then says where it is.
// The widget manager keeps one `drag` in flight and sends the newest when that is answered, so nothing queues up.

const SVG = "http://www.w3.org/2000/svg";

const CSS = `
.live-figure { max-width: 100%; color: #1f2328; }
.live-figure-card { position: relative; background: #fff; border-radius: 6px; max-width: 100%; overflow: hidden; }
.live-figure svg { display: block; width: 100%; height: auto; font-family: "DejaVu Sans", Verdana, sans-serif; }
.live-figure svg text { white-space: pre; }
.live-figure-axes { position: absolute; cursor: crosshair; }
.live-figure-handle { position: absolute; width: 36px; height: 36px; margin: -18px 0 0 -18px; border-radius: 50%;
  cursor: grab; touch-action: none; box-sizing: border-box; }
.live-figure-handle:active { cursor: grabbing; }
.live-figure-handle:focus-visible { outline: 3px solid #0969da; outline-offset: -6px; }
.live-figure-handle:hover { background: rgba(9, 105, 218, .12); }
.live-figure-note { margin: 4px 0 0; padding: 6px 10px; border-radius: 4px; border-left: 5px solid; font-size: 14px;
  line-height: 1.4; white-space: pre-wrap; }
.live-figure-error { background: #ffebe9; border-color: #cf222e; color: #6e011a; }
.live-figure-stale { background: #fff8c5; border-color: #9a6700; color: #4d2d00; display: none; }
.jupyter-widgets-disconnected .live-figure-stale, .jupyter-widgets-disconnected.live-figure-stale { display: block; }
.jupyter-widgets-disconnected .live-figure-card { filter: grayscale(1) opacity(.6); }
.live-figure-spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;

const element = (tag, attributes, parent) => {
  const node = tag === "div" || tag === "style" ? document.createElement(tag) : document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
};

const number = (x) => Math.round(x * 100) / 100;
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// [code, x, y, …] with matplotlib's path codes → an SVG path, moved by (dx, dy)
const outline = (flat, dx = 0, dy = 0) => {
  let d = "";
  for (let i = 0; i < flat.length; ) {
    const code = flat[i];
    if (code === 79) { d += "Z"; i += 3; continue; }
    const points = { 1: 1, 2: 1, 3: 2, 4: 3 }[code];
    if (!points) break; // 0: stop
    d += { 1: "M", 2: "L", 3: "Q", 4: "C" }[code];
    for (let k = 0; k < points; k++, i += 3) d += `${number(flat[i + 1] + dx)} ${number(flat[i + 2] + dy)} `;
  }
  return d;
};

// a gap (NaN) lifts the pen
const polyline = (xy) => {
  let d = "", pen = "M";
  for (let i = 0; i < xy.length; i += 2) {
    if (Number.isNaN(xy[i]) || Number.isNaN(xy[i + 1])) { pen = "M"; continue; }
    d += `${pen}${number(xy[i])} ${number(xy[i + 1])}`;
    pen = "L";
  }
  return d;
};

// the shape of matplotlib's quiver, for vectors in pixels
const arrows = (xyuv, width, [headwidth, headlength, headaxislength, minshaft, minlength]) => {
  let d = "";
  for (let i = 0; i < xyuv.length; i += 4) {
    const [x, y, u, v] = xyuv.subarray(i, i + 4), length = Math.hypot(u, v) / width;
    if (Number.isNaN(length)) continue;
    let corners;
    if (length < minlength) { // a dot
      const r = minlength / 2;
      corners = [0, 1, 2, 3, 4, 5].map((k) => [r * Math.cos((k * Math.PI) / 3), r * Math.sin((k * Math.PI) / 3)]);
    } else {
      const shortest = minshaft * headlength, shrink = length < shortest ? length / shortest : 1;
      const tip = Math.max(length, shortest);
      const half = [[0, 0.5], [tip - headaxislength, 0.5], [tip - headlength, 0.5 * headwidth], [tip, 0]];
      corners = [...half, ...half.slice(0, 3).reverse().map(([a, b]) => [a, -b])].map(([a, b]) => [a * shrink, b * shrink]);
    }
    const cos = (length ? u / (length * width) : 1) * width, sin = (length ? v / (length * width) : 0) * width;
    d += "M" + corners.map(([a, b]) => `${number(x + a * cos - b * sin)} ${number(y + a * sin + b * cos)}`).join("L") + "Z";
  }
  return d;
};

const CAPS = { butt: "butt", round: "round", projecting: "square" };

// What can move: `make` the nodes once, `look` when the look changes, `move` when the numbers do.
const KINDS = {
  line: {
    make: (g) => ({ path: element("path", { fill: "none", "stroke-linejoin": "round" }, g), marks: element("path", {}, g) }),
    look: ({ path, marks }, a) => {
      set(path, { stroke: a.stroke, "stroke-width": a.width, "stroke-dasharray": a.dashes.join(" ") || "none", "stroke-linecap": CAPS[a.cap] });
      set(marks, { fill: a.fill, stroke: a.edge, "stroke-width": a.edgeWidth });
    },
    move: ({ path, marks }, a, xy) => {
      if (a.stroke !== "none") path.setAttribute("d", polyline(xy));
      if (!a.marker.length) return;
      let d = "";
      for (let i = 0; i < xy.length; i += 2) if (!Number.isNaN(xy[i] + xy[i + 1])) d += outline(a.marker, xy[i], xy[i + 1]);
      marks.setAttribute("d", d);
    },
  },
  arrows: {
    make: (g) => ({ path: element("path", {}, g) }),
    look: ({ path }, a) => set(path, { fill: a.fill }),
    move: ({ path }, a, xyuv) => path.setAttribute("d", arrows(xyuv, a.width, a.shape)),
  },
  outline: {
    make: (g) => ({ path: element("path", {}, g) }),
    look: ({ path }, a) => set(path, { fill: a.fill, stroke: a.stroke, "stroke-width": a.width, "stroke-dasharray": a.dashes.join(" ") || "none" }),
    move: ({ path }, a, flat) => path.setAttribute("d", outline(flat)),
  },
  cells: {
    make: (g) => ({ g, cells: [] }),
    look: ({ g, cells }, a) => {
      const [x0, y0, x1, y1] = a.corners, w = (x1 - x0) / a.columns, h = (y1 - y0) / a.rows;
      for (let i = cells.length; i < a.rows * a.columns; i++) cells.push(element("rect", { "shape-rendering": "crispEdges" }, g));
      cells.forEach((cell, i) => {
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
    make: (g) => ({ box: element("rect", {}, g), text: element("text", {}, g) }),
    look: ({ box, text }, a) => {
      set(text, { fill: a.fill, "font-size": a.size, "font-weight": a.weight, "font-style": a.style, "text-anchor": a.anchor });
      text.style.fontFamily = a.mono ? '"DejaVu Sans Mono", Menlo, Consolas, monospace' : "";
      set(box, { fill: a.box ?? "none", rx: a.size / 4 });
    },
    move: ({ box, text }, a, [x, y], string) => {
      if (text.dataset.string !== string) {
        const lines = string.split("\n");
        text.dataset.string = string;
        text.replaceChildren();
        if (lines.length === 1) text.textContent = string;
        else lines.forEach((line, i) => { element("tspan", { x: 0, dy: i ? "1.2em" : 0 }, text).textContent = line; });
      }
      // the first line's baseline, from where the block is held: heights in em
      const extra = 1.2 * (string.split("\n").length - 1);
      const down = { top: 0.76, center: 0.36 - extra / 2, center_baseline: 0.36 - extra / 2, bottom: -0.24 - extra, baseline: -extra }[a.baseline] ?? 0;
      const place = `translate(${number(x)} ${number(y)}) rotate(${a.rotation}) translate(0 ${number(down * a.size)})`;
      text.setAttribute("transform", place);
      if (a.box) {
        const b = text.getBBox(), pad = a.size / 5;
        set(box, { x: b.x - pad, y: b.y - pad / 2, width: b.width + 2 * pad, height: b.height + pad, transform: place });
      }
    },
  },
};

const set = (node, attributes) => { for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value); };

// the point of the curve (x increasing) above or below the pointer
const onCurve = (curve, x) => {
  const inside = clamp(x, curve[0][0], curve.at(-1)[0]);
  const k = clamp(curve.findIndex((point) => point[0] >= inside), 1, curve.length - 1);
  const [[xa, ya], [xb, yb]] = [curve[k - 1], curve[k]];
  return [inside, xb === xa ? yb : ya + ((inside - xa) / (xb - xa)) * (yb - ya)];
};

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2); // which of several views of this figure is dragged
  const root = element("div", { class: "live-figure", role: "group", "data-lm-suppress-shortcuts": "true" }, el);
  element("style", {}, root).textContent = CSS;
  const card = element("div", { class: "live-figure-card" }, root);
  const svg = element("svg", { role: "img", preserveAspectRatio: "xMidYMid meet" }, card);
  const background = element("image", {}, svg);
  const stage = element("g", {}, svg);
  const controls = element("div", {}, card);
  const error = element("div", { class: "live-figure-note live-figure-error", role: "alert" }, root);
  const stale = element("div", { class: "live-figure-note live-figure-stale", role: "status" }, root);
  stale.textContent = "The kernel of this picture is gone, so it no longer follows. Run its cell again.";
  const spoken = element("div", { class: "live-figure-spoken", "aria-live": "polite" }, root);

  let marks = [], handles = [], url = null, asked = 0, speech = null, wanted = null, seq = 0;
  const mine = new Map(); // handle → where the reader put it, until the kernel has answered to that

  const box = () => { const [w, h] = model.get("size"), s = 2 * model.get("scale"); return [w * s, h * s]; };

  const resize = () => {
    const [w, h] = box();
    svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    set(background, { width: w, height: h });
    card.style.width = `${model.get("size")[0] * model.get("scale")}px`;
    root.setAttribute("aria-label", model.get("name"));
  };

  const paintBackground = () => {
    const old = url;
    url = URL.createObjectURL(new Blob([model.get("background")], { type: "image/png" }));
    background.setAttribute("href", url);
    if (old) URL.revokeObjectURL(old);
  };

  const build = () => {
    stage.replaceChildren();
    marks = model.get("artists").map((look, i) => {
      const g = element("g", {}, stage), kind = KINDS[look.kind];
      const clip = `${view}-${i}`;
      if (look.clip) {
        const [x, y, width, height] = look.clip;
        element("rect", { x, y, width, height }, element("clipPath", { id: clip }, g));
        g.setAttribute("clip-path", `url(#${clip})`);
      }
      return { g, kind, nodes: kind.make(g), look: null };
    });
  };

  const dress = (mark, look) => {
    if (mark.look === look) return;
    mark.look = look;
    set(mark.g, { opacity: look.opacity, visibility: look.visible ? "visible" : "hidden" });
    mark.kind.look(mark.nodes, look);
  };

  const place = (k, x, y) => {
    const [w, h] = box();
    handles[k].style.left = `${(100 * x) / w}%`;
    handles[k].style.top = `${(100 * y) / h}%`;
  };

  const draw = () => {
    asked = 0;
    const frame = model.get("frame"), looks = model.get("artists"), wishes = model.get("handles");
    if (!frame.counts || frame.counts.length !== marks.length) return;
    if (frame.ack[0] === view && frame.ack[1] === seq && !model.get("error")) mine.clear();
    const bytes = frame.numbers; // its place in the message need not be a multiple of four
    const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    let at = 0, text = 0;
    marks.forEach((mark, i) => {
      dress(mark, frame.looks[i] ?? looks[i]);
      const own = numbers.subarray(at, (at += frame.counts[i]));
      const string = looks[i].kind === "text" ? frame.texts[text++] : undefined;
      const k = wishes.findIndex((wish, j) => wish.artist === i && mine.has(j));
      mark.kind.move(mark.nodes, mark.look, k < 0 ? own : mine.get(k), string);
      wishes.forEach((wish, j) => { if (wish.artist === i && own.length) place(j, ...(mine.get(j) ?? own)); });
    });
    handles.forEach((handle, j) => {
      const [x, y] = frame.at[j] ?? [];
      set(handle, { "aria-valuenow": x, "aria-valuetext": `${Number(x).toPrecision(3)}, ${Number(y).toPrecision(3)}` });
    });
    svg.setAttribute("aria-label", frame.description || model.get("name"));
    clearTimeout(speech);
    if (root.contains(document.activeElement)) speech = setTimeout(() => { spoken.textContent = frame.description; }, 700);
  };

  const drawSoon = () => { asked ||= requestAnimationFrame(draw); };

  const complain = () => {
    error.textContent = model.get("error");
    error.style.display = model.get("error") ? "" : "none";
  };

  // the reader's wish for handle k, made lawful: inside the axes, on the curve, on whole steps
  const lawful = (k, x, y) => {
    const wish = model.get("handles")[k], [x0, y0, x1, y1] = wish.box;
    if (wish.snap) {
      x = wish.origin[0] + Math.round((x - wish.origin[0]) / wish.step[0]) * wish.step[0];
      y = wish.origin[1] + Math.round((y - wish.origin[1]) / wish.step[1]) * wish.step[1];
      if (x < x0 || x > x1 || y < y0 || y > y1) return null;
    }
    return wish.along ? onCurve(wish.along, x) : [clamp(x, x0, x1), clamp(y, y0, y1)];
  };

  const move = (k, x, y) => {
    const point = lawful(k, x, y);
    if (!point) return;
    const wish = model.get("handles")[k], mark = marks[wish.artist];
    mine.set(k, Float32Array.from(point));
    mark.kind.move(mark.nodes, mark.look, mine.get(k));
    place(k, ...point);
    model.set("drag", { view, seq: ++seq, handle: k, x: point[0], y: point[1] });
    model.save_changes();
  };

  const pixel = (event) => {
    const rect = svg.getBoundingClientRect(), [w, h] = box();
    return [((event.clientX - rect.left) / rect.width) * w, ((event.clientY - rect.top) / rect.height) * h];
  };

  const moveByKey = (k, event) => {
    const wish = model.get("handles")[k], many = event.shiftKey ? 10 : 1, [dx, dy] = wish.step;
    const way = {
      ArrowRight: [dx, 0], ArrowLeft: [-dx, 0], ArrowUp: [0, dy], ArrowDown: [0, -dy],
      PageUp: [0, 10 * dy], PageDown: [0, -10 * dy],
    }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const [w, h] = box(), style = handles[k].style;
    const [x, y] = mine.get(k) ?? [(parseFloat(style.left) / 100) * w, (parseFloat(style.top) / 100) * h];
    const along = wish.along && way[0] === 0 ? [Math.sign(-way[1]) * Math.abs(dx), 0] : way; // up and down, on a curve
    move(k, x + along[0] * many, y + along[1] * many);
  };

  const buildHandles = () => {
    const focused = handles.indexOf(document.activeElement);
    controls.replaceChildren();
    const [w, h] = box(), wishes = model.get("handles");
    const areas = new Map();
    wishes.forEach((wish, k) => {
      const [x0, y0, x1, y1] = wish.box, key = wish.box.join();
      if (!areas.has(key)) {
        const area = element("div", { class: "live-figure-axes" }, controls);
        Object.assign(area.style, { left: `${(100 * x0) / w}%`, top: `${(100 * y0) / h}%`, width: `${(100 * (x1 - x0)) / w}%`, height: `${(100 * (y1 - y0)) / h}%` });
        areas.set(key, { area, members: [] });
      }
      areas.get(key).members.push(k);
    });
    handles = wishes.map((wish, k) => {
      const handle = element("div", {
        class: "live-figure-handle", role: "slider", tabindex: 0, "aria-label": wish.label,
        "aria-valuemin": wish.range[0], "aria-valuemax": wish.range[1],
      }, controls);
      handle.title = `${wish.label}: drag, or use the arrow keys`;
      handle.addEventListener("keydown", (event) => moveByKey(k, event));
      handle.addEventListener("pointerdown", (event) => grab(k, handle, event));
      return handle;
    });
    for (const { area, members } of areas.values()) {
      // a press beside the points brings the nearest one; a finger must lift first, since it may mean to scroll
      const bring = (event) => {
        const [x, y] = pixel(event), far = (k) => {
          const style = handles[k].style;
          return Math.hypot((parseFloat(style.left) / 100) * w - x, (parseFloat(style.top) / 100) * h - y);
        };
        const k = members.reduce((best, other) => (far(other) < far(best) ? other : best));
        move(k, x, y);
        handles[k].focus({ preventScroll: true });
        return k;
      };
      area.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "mouse" && event.button === 0) { const k = bring(event); grab(k, handles[k], event); }
      });
      area.addEventListener("click", (event) => { if (event.pointerType !== "mouse") bring(event); });
    }
    handles[focused]?.focus({ preventScroll: true });
  };

  const grab = (k, handle, event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    const follow = (e) => move(k, ...pixel(e));
    const release = () => {
      handle.removeEventListener("pointermove", follow);
      handle.removeEventListener("lostpointercapture", release);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("lostpointercapture", release);
  };

  const describe = () => { resize(); build(); buildHandles(); drawSoon(); };
  const listeners = {
    "change:artists": describe, "change:size": describe, "change:scale": describe, "change:name": resize,
    "change:handles": () => { buildHandles(); drawSoon(); },
    "change:background": paintBackground, "change:frame": drawSoon, "change:error": () => { complain(); drawSoon(); },
  };
  for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
  paintBackground();
  complain();
  describe();

  return () => {
    for (const [name, listener] of Object.entries(listeners)) model.off(name, listener);
    cancelAnimationFrame(asked);
    clearTimeout(speech);
    URL.revokeObjectURL(url);
  };
}

export default { render };
