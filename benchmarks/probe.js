// In the page. A paint of the target is: its DOM changed, an image in it was loaded, or a canvas in it has other pixels
// than before; its time is taken right after the browser's rendering step (an animation frame, then a message).

(() => {
  const events = [], handled = [], paints = [], messages = [], drawn = new WeakSet(), pixels = new WeakMap();
  let target = null, shows = "dom", changed = false;

  const drawing = CanvasRenderingContext2D.prototype, read = drawing.getImageData;
  for (const name of ["drawImage", "putImageData", "clearRect", "fillRect"]) {
    const draw = drawing[name];
    drawing[name] = function (...inputs) { drawn.add(this.canvas); return draw.apply(this, inputs); };
  }
  const digest = (canvas) => {
    if (!canvas.width || !canvas.height) return 0;
    const { data } = read.call(canvas.getContext("2d"), 0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer).reduce((hash, pixel) => (hash * 31 + pixel) | 0, 17);
  };
  const otherPixels = () => [...target.querySelectorAll("canvas")].filter((canvas) => {
    if (!drawn.delete(canvas)) return false;
    const now = digest(canvas), before = pixels.get(canvas);
    pixels.set(canvas, now);
    return now !== before;
  }).length > 0;

  const observer = new MutationObserver((records) => {
    if (shows === "dom") changed = true;
    if (shows !== "img") return;
    for (const img of target.querySelectorAll("img:not([data-probed])")) {
      img.dataset.probed = "";
      if (img.complete && img.naturalWidth) changed = true;
      else img.addEventListener("load", () => { changed = true; });
    }
  });
  const rendered = new MessageChannel();
  rendered.port1.onmessage = () => {
    const now = performance.now();
    if (target && (shows === "canvas" ? otherPixels() : changed)) paints.push(now);
    changed = false;
  };
  // the images in a picture: an <image> of SVG does not say when it is loaded, an Image of the same address does
  const images = (node) => [node, ...node.querySelectorAll("img, image")]
    .map((one) => (one.localName === "img" ? one.src : one.localName === "image" ? one.getAttribute("href") : null))
    .filter((address) => address !== null)
    .map((address) => Object.assign(new Image(), { src: address }));
  const frame = () => { rendered.port2.postMessage(0); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);

  for (const name of ["keydown", "pointermove"]) addEventListener(name, (event) => {
    if (!event.isTrusted || (name === "pointermove" && !event.buttons)) return;
    events.push(event.timeStamp);
    handled.push(performance.now());
  }, true);

  window.WebSocket = class extends WebSocket {
    constructor(...inputs) {
      super(...inputs);
      this.addEventListener("message", ({ data }) => messages.push([performance.now(), data]));
    }
  };
  const said = () => messages.map(([at, data]) => {
    const text = typeof data === "string" ? data : new TextDecoder("latin1").decode(data);
    return [at, text.length, text.includes('"frame"')];
  });

  const forget = () => { for (const list of [events, handled, paints, messages]) list.length = 0; changed = false; };
  window.probe = {
    forget,
    watch: (node, what) => {
      observer.disconnect();
      [target, shows] = [node, what];
      const attributeFilter = ["d", "transform", "fill", "x", "y", "width", "height", "opacity", "visibility"];
      observer.observe(node, { subtree: true, childList: true, characterData: true, attributeFilter });
      for (const canvas of node.querySelectorAll("canvas")) pixels.set(canvas, digest(canvas));
      forget();
    },
    // when the first such node of code cell k is painted, with all images in it
    appears: async (k, selector) => {
      const next = () => new Promise(requestAnimationFrame);
      const found = () => document.querySelectorAll(".jp-Notebook .jp-CodeCell")[k]?.querySelector(selector);
      const isSeen = ({ width, height }) => width > 0 && height > 0;
      while (!found() || !isSeen(found().getBoundingClientRect())) await next();
      await Promise.all(images(found()).map((image) => image.decode()));
      await next();
      const painted = new MessageChannel();
      return new Promise((done) => {
        painted.port1.onmessage = () => done(performance.now());
        painted.port2.postMessage(0);
      });
    },
    // once nothing has been painted for `quiet` ms, and something has (or `patience` is over)
    settled: (quiet, patience) => new Promise((done) => {
      const start = performance.now();
      const look = () => {
        const now = performance.now(), idle = now - Math.max(start, paints.at(-1) ?? 0);
        if (idle > (paints.length ? quiet : patience)) done({ events, handled, paints, messages: said() });
        else setTimeout(look, 20);
      };
      look();
    }),
  };
})();
