// What a page does: it puts each view together from its recording, and lets it be moved.

const html = (tag, attributes = {}, parent = null, text = "") => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  parent?.append(node);
  return node;
};

// the text of a script in this page, as a module: from file://, too
const module = async (id) => {
  const url = URL.createObjectURL(new Blob([document.getElementById(id).textContent], { type: "text/javascript" }));
  return (await import(url)).default;
};

const open = async (box, figure, sceneButtons) => {
  const data = await read(box.querySelector("script").textContent.trim());
  const { order, controls, scenes, points, sceneries, backgrounds, refused, widgets } = data;
  const known = pictures(data), all = [...known.values()];
  const range = Object.fromEntries(controls.map((control) => [control.name, control]));
  const place = (name) => order.indexOf(name);
  let now = all[0], scene = 0; // the picture, and the scene that was chosen last

  // parts
  const told = (name, part) => {
    const k = range[name]?.parts.indexOf(part) ?? -1;
    return k >= 0 ? range[name].texts[k] : Number.isNaN(asNumber(part)) ? part : String(Number((asNumber(part) / 1e6).toPrecision(4)));
  };
  const label = (name) => range[name]?.label ?? name;

  const row = html("div", { class: "controls" });
  const picture = html("div", { class: "picture" });
  const note = html("p", { class: "note", role: "status" });
  const below = html("div");
  box.prepend(row, picture, note, below);

  const state = ({ frame }) => {
    const scenery = sceneries[frame.scenery];
    return { ...scenery, background: backgrounds[scenery.background] };
  };
  const sent = ({ frame }, ack = [null, null]) => {
    const { numbers, counts, texts, at, description, looks } = frame;
    return { numbers, counts, texts, at, description, looks, ack };
  };
  const model = new Model(
    { ...state(now), name: data.name, scale: data.scale, error: "", drag: {}, frame: sent(now) },
    () => drag(model.get("drag")),
  );
  const names = new Model(
    { names: scenes.map(({ name }) => name), present: 0, choice: [0, 0, ""], heard: [0, 0, ""] },
    () => choose(names.get("choice")),
  );

  const show = (found, words = "", ack) => {
    now = found;
    model.put({ ...state(found), error: "", frame: sent(found, ack) });
    const at = scenes.findIndex(({ parts }) => parts.join("|") === found.key);
    names.put({ present: at < 0 ? null : at });
    for (const control of inputs) control.show();
    note.textContent = words;
  };

  const choose = (choice) => {
    scene = choice[0];
    show(known.get(scenes[scene].parts.join("|")));
    names.put({ heard: choice });
  };

  // where a picture is not in the store: the nearest that has the value which was asked for
  const nearest = (parts, name) => {
    const far = (one) => order.reduce((sum, other, i) => sum + apart(one.parts[i], parts[i], range[other]?.parts ?? []), one.scene === scene ? 0 : 0.001);
    const candidates = all.filter((one) => one.parts[place(name)] === parts[place(name)]);
    return candidates.reduce((best, one) => (far(one) < far(best) ? one : best), candidates[0]);
  };

  const ask = (name, part) => {
    const parts = now.parts.with(place(name), part), key = parts.join("|");
    if (known.has(key)) return show(known.get(key));
    const found = key in refused ? null : nearest(parts, name);
    if (!found) {
      model.put({ error: refused[key] ?? `This page has no picture for ${label(name)} = ${told(name, part)}.` });
      return false;
    }
    const other = order.filter((one, i) => found.parts[i] !== parts[i]);
    const wanted = other.filter((one) => one in range).map((one) => `${label(one)} = ${told(one, parts[place(one)])}`);
    const shown = other.filter((one) => one in range).map((one) => `${label(one)} = ${told(one, found.parts[place(one)])}`);
    const words = wanted.length ? `This page has no picture for ${[`${label(name)} = ${told(name, part)}`, ...wanted].join(", ")}. It shows the nearest: ${shown.join(", ")}.` : "";
    return show(found, words);
  };

  // Points. Each picture says in pixels where its points are.
  const pixel = ({ frame }, k) => {
    const artist = sceneries[frame.scenery].handles[k].artist;
    return frame.numbers.subarray(frame.counts.slice(0, artist).reduce((a, b) => a + b, 0)).subarray(0, 2);
  };
  let held = false; // by a pointer, and not moved by keys
  for (const name of ["pointerdown", "pointermove", "click", "keydown"]) {
    picture.addEventListener(name, () => { held = name !== "keydown"; }, true);
  }

  const drag = ({ view, seq, wishes }) => {
    let words = "", found = now;
    for (const [k, across, up] of wishes) {
      const { box: [left, top, width, height] } = model.get("handles")[k], name = points[k];
      const wish = [left + across * width, top + (1 - up) * height], here = pixel(found, k);
      const others = (one) => one.parts.every((part, i) => i === place(name) || part === found.parts[i]);
      const sliders = (one) => one.parts.every((part, i) => widgets.includes(order[i]) || part === found.parts[i]);
      let candidates = all.filter(name === null ? sliders : others);
      if (name !== null && candidates.length < 2) candidates = all.filter((one) => one.scene === scene);
      const forward = ([x, y]) => (x - here[0]) * (wish[0] - here[0]) + (y - here[1]) * (wish[1] - here[1]) > 0.01;
      if (!held) candidates = candidates.filter((one) => forward(pixel(one, k)));
      const far = (one) => { const [x, y] = pixel(one, k), way = Math.hypot(x - wish[0], y - wish[1]); return Number.isNaN(way) ? Infinity : way; };
      const best = candidates.reduce((a, one) => (a && far(a) <= far(one) ? a : one), null);
      if (!best && !all.some((one) => sliders(one) && String(pixel(one, k)) !== String(here))) words = "In this page this point stands still. In the notebook it moves.";
      else if (!best) words = "In this page this point goes no farther that way. In the notebook it does, if it can.";
      else if (name === null) words = "In this page this point has only some of its places.";
      found = best ?? found;
    }
    show(found, words, [view, seq]);
  };

  // Controls
  const input = ({ name, label: words, parts, texts }) => {
    const line = html("label", { class: "control" }, row), numeric = texts.every((text) => text.trim() !== "" && !Number.isNaN(Number(text.replace("−", "-"))));
    html("span", {}, line, words);
    const here = () => now.parts[place(name)];
    if (parts.join() === "false,true") {
      const node = html("input", { type: "checkbox" }, line);
      node.addEventListener("input", () => ask(name, String(node.checked)));
      return { show: () => { node.checked = here() === "true"; } };
    }
    if (!numeric || parts.length < 3) {
      const node = html("select", {}, line);
      texts.forEach((text, k) => html("option", { value: k }, node, text));
      node.addEventListener("input", () => ask(name, parts[node.value]));
      return { show: () => { node.value = parts.indexOf(here()); } };
    }
    const node = html("input", { type: "range", min: 0, max: parts.length - 1, step: 1 }, line);
    const out = html("output", { "aria-hidden": true }, line); // the slider says it itself
    node.addEventListener("input", () => { if (ask(name, parts[node.value]) === false) tell(texts[node.value]); });
    const tell = (text) => { out.textContent = text; node.setAttribute("aria-valuetext", text.replace("-", "−")); };
    return {
      show: () => {
        const k = parts.indexOf(here()), way = (part) => Math.abs(asNumber(part) - asNumber(here()));
        node.value = k >= 0 ? k : parts.reduce((best, part, i) => (way(part) < way(parts[best]) ? i : best), 0);
        tell(told(name, here()));
      },
    };
  };
  const inputs = controls.filter(({ name }) => widgets.includes(name)).map(input);

  figure.render({ model, el: picture });
  if (scenes[0].name) sceneButtons.render({ model: names, el: below });
  show(now);
};

const start = async () => {
  const modules = Promise.all([module("figure"), module("scenes")]);
  for (const box of document.querySelectorAll(".view")) {
    try {
      await open(box, ...(await modules));
    } catch (error) {
      html("p", { class: "note", role: "alert" }, box, `This picture cannot be shown in this browser: ${error}`);
      console.error(error);
    }
  }
  document.body.dataset.ready = "yes";
};

start();
