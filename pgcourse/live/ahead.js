// Pictures made ahead (ahead.py): kept here by the key of their values, until the kernel says that they are forgotten.
// One is shown from when the reader asks for it until the kernel has answered, or for good where no kernel is.
//
//   model traits   watched   {controls: [[which value, the control's model]], buttons: the scene buttons' model,
//                             scenes: [parts of the key], points: [null, or {which: one or two values, parts: theirs at
//                             each place, across, up: whether they hang on the point's x, and on its y}]}
//                  epoch     the background to which the kernel's frame belongs
//                  frame     key: the parts of the values that the kernel has, or null while they move by themselves

const NEAR = 15; // pixels from a dragged point to that of a picture that stands for it

const foresee = (own, root, line, changed) => {
  const kept = new Map(); // key → {frame, scenery}
  const ends = []; // what to call when the view is gone
  let watched = null, controls = [], buttons = null;
  let turn = 0; // of `follow`, which waits for models
  let epoch = null; // of what is kept
  let here = null; // the parts of what the reader has asked for; null where nobody knows
  let guess = null; // what is shown instead of the kernel's frame

  const dead = () => own.comm_live === false;
  const base = () => { const known = line.owes() ? here : own.get("frame").key; return known && [...known]; };
  const part = (control) => partOf("index" in control.attributes ? control.get("index") : control.get("value"));
  const find = (parts) => (parts && epoch === own.get("epoch") ? kept.get(parts.join("|")) : null) ?? null;

  const show = (found, scene = null) => {
    guess = found;
    if (buttons && (found || buttons.foreseen !== null)) {
      buttons.foreseen = found && scene;
      buttons.trigger("foreseen");
    }
    changed();
  };

  const moved = (control, which) => {
    if (control._state_lock !== null || dead()) return; // the kernel has moved it
    here = base();
    if (here) here[which] = part(control);
    show(find(here));
  };

  const turned = () => {
    const [k, count] = buttons.get("choice");
    if (!count || !watched.scenes[k]) return; // a row that was made, and no choice
    here = [...watched.scenes[k]];
    show(find(here), k);
    if (dead() && guess) for (const [which, control] of controls) control.set("index" in control.attributes ? "index" : "value", valueOf(here[which]));
  };

  // Of the pictures that are known of a point's places, that whose point is the nearest. Places of a point with two
  // values are coarse: where the kernel keeps up, its last picture is better than one that is hardly nearer.
  const dragged = (k, artist, [x, y]) => {
    const from = base(), { which, parts, across, up } = watched?.points[k] ?? {};
    here = null;
    if (!from || !which || dead()) return show(null);
    const way = ({ numbers, counts }) => {
      const at = 4 * counts.slice(0, artist).reduce((sum, n) => sum + n, 0);
      return Math.hypot(across && numbers.getFloat32(at, true) - x, up && numbers.getFloat32(at + 4, true) - y);
    };
    let best = null, least = which.length > 1 ? Math.min(NEAR, way(own.get("frame")) / 2) : NEAR;
    for (const stop of parts) {
      which.forEach((one, i) => { from[one] = stop[i]; });
      const found = find(from);
      if (!found || found.scenery) continue;
      const far = way(found.frame);
      if (far < least) [best, least] = [found, far];
    }
    for (const one of which) from[one] = "?"; // between two places
    here = from;
    show(best);
  };

  const hear = ({ ahead: told }, buffers) => {
    if (!told) return;
    if (told.fresh || told.epoch !== epoch) kept.clear();
    epoch = told.epoch;
    for (const key of told.forget) kept.delete(key);
    let next = 0;
    for (const [key, frame, scenery] of told.frames) {
      frame.numbers = buffers[next++];
      if (scenery) scenery.background = buffers[next++];
      kept.set(key, { frame, scenery });
    }
    root.dataset.ahead = kept.size;
  };

  const follow = async () => {
    const mine = ++turn;
    for (const end of ends.splice(0)) end();
    const said = own.get("watched"), models = (id) => own.widget_manager.get_model(id);
    if (!said?.controls) return;
    const found = await Promise.all(said.controls.map(async ([which, id]) => [which, await models(id)]));
    const row = said.buttons ? await models(said.buttons) : null;
    if (mine !== turn) return; // the view is gone, or follows others now
    [watched, controls, buttons] = [said, found, row];
    for (const [which, control] of controls) on(control, "change:value change:index", () => moved(control, which));
    if (buttons) on(buttons, "change:choice", turned);
  };
  const on = (model, events, act) => {
    model.on(events, act);
    ends.push(() => model.off(events, act));
  };

  // the kernel has answered: its answer is shown if it is that to what was asked last, or if nothing else is asked
  const heard = () => {
    if (guess && !dead() && here && own.get("frame").key?.join("|") === here.join("|")) show(null);
  };

  own.on("msg:custom", hear);
  own.on("change:watched", follow);
  own.on("change:frame", heard);
  follow();
  return {
    dragged,
    // something was asked whose end nobody here knows, such as a step
    lost: () => { here = null; if (guess) show(null); },
    // `placed`: the kernel has said where the points stand that the reader has dragged
    shown: (placed) => {
      if (guess && !dead() && (!line.owes() || (placed && here?.includes("?")))) show(null);
      if (guess && line.closes()) changed(); // look again
      return guess;
    },
    turns: () => !!watched?.scenes.length && watched.scenes.every(find),
    end: () => {
      turn++;
      for (const end of ends) end();
      own.off("msg:custom", hear);
      own.off("change:watched", follow);
      own.off("change:frame", heard);
    },
  };
};

