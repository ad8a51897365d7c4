// A view without a kernel: a recording (pack.py), and the two models that figure.js and scenes.js are drawn from.

const read = async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const whole = await new Response(stream).arrayBuffer(), size = new DataView(whole).getUint32(0, true);
  const data = JSON.parse(new TextDecoder().decode(new Uint8Array(whole, 4, size)));
  let at = 4 + size + numbers(data, new Uint8Array(whole, 4 + size));
  data.backgrounds = data.backgrounds.map((length) => new DataView(whole, (at += length) - length, length));
  return data;
};

// put into each frame its numbers; returns how many bytes they took
const numbers = (data, bytes) => {
  const size = data.counts.map((counts) => counts.reduce((a, b) => a + b, 0));
  const groups = data.counts.map(() => []);
  data.frames = new Map(data.frames.map(([key, group, texts, at, said, looks, scenery]) => {
    const frame = {
      numbers: new Float32Array(size[group]), counts: data.counts[group], texts: texts.map((k) => data.strings[k]), at,
      description: data.strings[said], scenery,
      looks: Object.fromEntries(Object.entries(looks).map(([artist, k]) => [artist, data.looks[k]])),
    };
    groups[group].push(frame);
    return [key, frame];
  }));
  const all = groups.reduce((sum, frames, k) => sum + frames.length * size[k], 0);
  let at = 0;
  groups.forEach((frames, k) => {
    for (let i = 0; i < size[k]; i++) {
      let whole = 0; // in hundredths of a pixel
      for (const frame of frames) {
        const z = bytes[at] | (bytes[at + all] << 8) | (bytes[at + 2 * all] << 16) | (bytes[at + 3 * all] << 24);
        whole = (whole + ((z >>> 1) ^ -(z & 1))) | 0;
        frame.numbers[i] = whole === -2e9 ? NaN : whole / 100;
        at++;
      }
    }
  });
  return 4 * all;
};

// as much of a widget's model as a view asks for; `save` is called when the view has something to say
class Model {
  constructor(state, save = () => {}) {
    Object.assign(this, { state, save, heard: new Map() });
  }
  get(name) { return this.state[name]; }
  set(name, value) { this.put({ [name]: value }); }
  save_changes() { this.save(); }
  put(state) {
    const changed = Object.keys(state).filter((name) => this.state[name] !== state[name]);
    Object.assign(this.state, state);
    for (const name of changed) for (const listener of [...(this.heard.get(`change:${name}`) ?? [])]) listener(this);
  }
  on(names, listener) {
    for (const name of names.split(" ")) this.heard.set(name, new Set([...(this.heard.get(name) ?? []), listener]));
  }
  off(names, listener) {
    for (const name of names.split(" ")) this.heard.get(name)?.delete(listener);
  }
}

// All pictures of a recording, with the parts of their keys: those of a scene, of which one is another.
const pictures = ({ order, scenes, controls, grids, frames }) => {
  const found = new Map();
  const add = (parts, scene) => {
    const key = parts.join("|"), frame = frames.get(key);
    if (frame && !found.has(key)) found.set(key, { parts, key, frame, scene });
  };
  scenes.forEach(({ parts }, scene) => add(parts, scene));
  scenes.forEach(({ parts }, scene) => {
    const from = (name, part, others = parts) => others.with(order.indexOf(name), part);
    for (const { name, parts: range } of controls) for (const part of range) add(from(name, part), scene);
    for (const [[one, these], [other, those]] of grids) {
      for (const part of these) for (const also of those) add(from(other, also, from(one, part)), scene);
    }
  });
  return found;
};

const asNumber = (part) => (/^-?\d+$/.test(part) ? Number(part) : NaN); // in millionths

// how far two values of one name are apart, in its range: 1 for those that are no numbers
const apart = (one, other, range) => {
  if (one === other) return 0;
  const way = Math.abs(asNumber(one) - asNumber(other)), all = range.map(asNumber);
  return Number.isNaN(way) ? 1 : Math.min(1, 0.01 + way / (Math.max(...all) - Math.min(...all) || 1));
};
