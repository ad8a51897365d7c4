// A second window for the presenter: the clock, where the talk is, what comes next, and the notes of the notebook.

const SECOND_STYLE = `
body { margin: 0; padding: 0 20px 20px; overflow: auto; background: var(--jp-layout-color0); color: var(--jp-content-font-color1);
  font: 18px/1.5 var(--jp-ui-font-family, sans-serif); height: 100%; box-sizing: border-box; }
.clock { position: sticky; top: 0; padding: 10px 0; background: inherit; border-bottom: 1px solid var(--jp-border-color1); }
.clock b { font-size: 34px; margin-right: 24px; font-variant-numeric: tabular-nums; }
.clock span { margin-right: 20px; white-space: nowrap; font-variant-numeric: tabular-nums; }
.now, .next, .fault { margin: 8px 0; }
.fault { border-left: 5px solid #9a6700; background: #fff8c5; color: #4d2d00; padding: 4px 10px; }
.fault:empty { display: none; }
.notes { font-size: 17px; }
.notes summary { display: none; }
`;

const minutes = (from) => {
  const passed = from ? Math.floor((Date.now() - from) / 1000) : 0;
  return `${Math.floor(passed / 60)}:${String(passed % 60).padStart(2, "0")}`;
};

// `state()` says what is told; `onKey` hears the keys of this window, too
const makeSecond = (state, onKey) => {
  let other = null, parts = null, noted = null;

  const build = () => {
    const { document: page } = other;
    page.title = "Teaching this";
    page.documentElement.lang = "en";
    page.body.replaceChildren();
    const part = (className, parent = page.body, tag = "div") => element(tag, className, parent);
    const clock = part("clock");
    parts = {
      clock: part("", clock, "b"), talk: part("", clock, "span"), deck: part("", clock, "span"),
      now: part("now"), next: part("next"), fault: part("fault"), notes: part("notes jp-RenderedHTMLCommon"),
    };
    noted = null;
    other.addEventListener("keydown", onKey, true);
  };

  // as the audience has it; MathJax writes rules that stand in no text
  const dress = () => {
    const { document: page } = other;
    const copy = (sheet) => Object.assign(page.createElement("style"), { textContent: [...sheet.cssRules].map((rule) => rule.cssText).join("\n") });
    page.head.replaceChildren(...[...document.styleSheets].map((sheet) => (sheet.href ? page.importNode(sheet.ownerNode, true) : copy(sheet))));
    page.head.append(Object.assign(page.createElement("style"), { textContent: SECOND_STYLE }));
    for (const { name, value } of document.body.attributes) if (name.startsWith("data-jp-theme")) page.body.setAttribute(name, value);
  };

  const tick = () => {
    const { begun, entered } = state();
    parts.clock.textContent = new Date().toTimeString().slice(0, 5);
    parts.talk.textContent = `lecture ${minutes(begun)}`;
    parts.deck.textContent = `this notebook ${minutes(entered)}`;
  };

  const update = () => {
    if (!other || other.closed) return;
    if (parts.now.ownerDocument !== other.document) build(); // the window was loaded again
    const { now, next, fault, notes } = state();
    parts.now.textContent = `Now: ${now}`;
    parts.next.textContent = `Next: ${next}`;
    parts.fault.textContent = fault;
    if (noted !== notes) {
      noted = notes;
      dress();
      const text = notes?.node.querySelector(".jp-RenderedMarkdown")?.cloneNode(true);
      parts.notes.replaceChildren(...(text ? [text] : []));
      for (const folded of parts.notes.querySelectorAll("details")) folded.open = true;
      if (!text) parts.notes.textContent = "This notebook has no notes.";
    }
    tick();
  };

  setInterval(() => { if (other && !other.closed) tick(); }, 500);

  // false if the browser did not allow it
  const open = () => {
    if (other && !other.closed) { update(); other.focus(); return true; }
    other = window.open("", "pgcourse-teaching", "popup,width=760,height=900");
    if (!other) return false;
    build();
    update();
    return true;
  };
  addEventListener("pagehide", () => other?.close());
  return { open, update };
};
