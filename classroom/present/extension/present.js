// The presentation: what the keys do, and where it stands.

const MEMORY = "pgcourse-present"; // of this browser tab: a page that is loaded again goes on where it was

const isWriting = (node) => node.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(node.tagName);
const isControl = (node) => !!node.closest?.("button, summary, a, [role=slider], .widget-readout") || isWriting(node);
const inView = (node) => !!node.closest?.(".jp-OutputArea-output .jupyter-widgets, .live-figure");

const present = async (app, { CodeCell }) => {
  const stage = makeStage(), decks = [];
  const kept = JSON.parse(sessionStorage.getItem(MEMORY) ?? "{}");
  let place = kept.place ?? { deck: 0, screen: 0, group: 0, scene: 0 };
  let code = false, said = "", begun = kept.begun ?? null;
  const entered = kept.entered ?? {}; // path → when the notebook was first shown

  const deck = () => decks[place.deck];
  const screen = () => deck().screens[place.screen];
  const group = () => screen().groups[place.group];

  // in words

  const titleOf = ({ path }) => path.split("/").at(-1).replace(/\.ipynb$/, "").replaceAll("_", " ");
  const headingOf = (one) => one?.heading?.node.querySelector(".jp-RenderedMarkdown :is(h1, h2, h3)") ?? null;
  const wordsOf = (one) => sourceOf(one.heading ?? one.groups[0][0]).match(/^#+ (.*)$/m)?.[1] ?? "text";
  const sayStep = (next) => {
    if (!next) return "the end";
    const there = decks[next.deck].screens[next.screen];
    if (next.deck !== place.deck) return titleOf(decks[next.deck]);
    if (next.screen !== place.screen) return `${there.groups[0].some(isView) ? "the picture of " : ""}${wordsOf(there)}`;
    if (next.group !== place.group) return there.groups[next.group].some(isAnswer) ? "the folded answer" : "more of this screen";
    return `scene ${next.scene + 1}, ${scenesOf(group()).buttons[next.scene]?.lastChild.textContent ?? ""}`;
  };
  const sayNow = () => {
    const { buttons, at } = scenesOf(group());
    return `${wordsOf(screen())}${buttons[at] ? `, scene ${at + 1} of ${buttons.length}: ${buttons[at].lastChild.textContent}` : ""}`;
  };
  const sayFault = ({ path, faults }) => (faults?.length ? `${titleOf({ path })}: the cell "${faults[0][0]}" failed, it said ${faults[0][1].slice(0, 160)}${faults.length > 1 ? ` (and ${faults.length - 1} more)` : ""}` : "");
  const sayNews = () => {
    if (said) return said;
    const here = deck();
    if (here.gone) return "The kernel has stopped. It starts again by itself.";
    const busy = decks.find((one) => one.done < one.all);
    if (here.done < here.all) return `${here.runs > 1 ? "running again" : "running"}, ${here.done} of ${here.all}`;
    return sayFault(here) || (busy ? `${titleOf(busy)} is running, ${busy.done} of ${busy.all}` : "");
  };

  const second = makeSecond(() => ({
    begun, entered: entered[deck().path], now: sayNow(), next: sayStep(stepFrom(decks, place, 1)),
    fault: decks.map(sayFault).filter(Boolean).join("\n"), notes: deck().notes,
  }), (event) => onKey(event));

  const tell = () => {
    const heading = headingOf(screen())?.cloneNode(true);
    heading?.querySelectorAll(".jp-InternalAnchorLink").forEach((link) => link.remove());
    stage.foot.where.replaceChildren(titleOf(deck()), ...(heading && screen().heading !== screen().groups[0][0] ? [" · ", ...heading.childNodes] : []));
    stage.foot.count.textContent = `${place.screen + 1} / ${deck().screens.length}`;
    const heard = `screen ${place.screen + 1} of ${deck().screens.length}: ${sayNow()}`;
    if (stage.foot.heard.textContent !== heard) stage.foot.heard.textContent = heard; // the same again would be read again
    stage.foot.news.ariaLive = deck().done < deck().all ? "off" : "polite"; // it would speak at every cell
    stage.foot.news.textContent = sayNews();
    second.update();
    sessionStorage.setItem(MEMORY, JSON.stringify({ place, begun, entered }));
  };

  // moving

  const show = () => {
    stage.show(deck(), place, code);
    tell();
  };

  // the scene that belongs to the place, if the view is there and shows another
  const setScene = () => {
    const { buttons, at } = scenesOf(group());
    place.scene = Math.min(place.scene, Math.max(0, buttons.length - 1));
    const pressed = buttons[place.scene]?.getAttribute("aria-pressed") === "true";
    if (buttons.length && (at !== place.scene || (place.scene === 0 && !pressed))) buttons[place.scene].click();
  };

  // the presenter may have chosen one by hand
  const noteScene = () => {
    const { buttons, at } = scenesOf(group());
    if (buttons.length) place.scene = at;
  };

  const go = (next, way = 1) => {
    if (!next) return;
    const before = deck(), other = next.screen !== place.screen || next.deck !== place.deck;
    place = lawful(decks, next);
    said = "";
    entered[deck().path] ??= Date.now();
    if (deck() !== before) app.shell.activateById(deck().panel.id);
    if (other) {
      code = false;
      document.activeElement?.blur();
    }
    show();
    setScene();
    if (other) {
      stage.top(deck().panel, way);
      group().findLast(isView)?.node.querySelector(".scene-view")?.focus({ preventScroll: true });
    }
    tell();
  };

  const turn = (way) => {
    begun ??= Date.now();
    noteScene();
    if (!stage.scroll(deck().panel, way)) go(stepFrom(decks, place, way), way);
  };

  // running

  // A view that is run again is seen as it was until its successor shows the same scene.
  const until = async (condition) => { for (let tries = 0; tries < 150 && !condition(); tries++) await pause(20); };
  const before = async (cell) => {
    noteScene();
    const release = cell.hasClass("pg-on") && isView(cell) ? await keepStill(cell) : () => {};
    return async () => {
      const hasView = JSON.stringify(cell.model.outputs.toJSON()).includes("widget-view");
      if (cell.hasClass("pg-on") && hasView) {
        const scene = place.scene, shows = () => scenesOf(group()).buttons[scene]?.getAttribute("aria-pressed") === "true";
        await until(() => cell.node.querySelector(".live-figure svg[aria-label]"));
        show();
        if (group().includes(cell) && scene > 0) {
          await until(() => scenesOf(group()).buttons[scene]);
          place.scene = scene;
          setScene();
          await until(shows);
        }
      }
      release();
    };
  };
  const begin = (one) => runDeck(one, CodeCell, before, (cell) => (cell?.hasClass("pg-on") ? show() : tell()));
  const restart = async () => {
    const one = deck();
    Object.assign(one, { runs: one.runs + 1, done: 0, faults: [], fatal: new Map() });
    tell();
    await one.panel.sessionContext.session?.kernel?.restart();
    await begin(one);
  };

  // keys

  const black = () => { stage.black.hidden = !stage.black.hidden; };
  const teach = () => {
    if (!second.open()) said = "The browser did not open a second window: allow pop-ups for this page, then press t again.";
    tell();
  };
  const toggleCode = () => { code = !code; show(); };
  const theme = () => {
    const dark = document.body.dataset.jpThemeLight === "false";
    return app.commands.execute("apputils:change-theme", { theme: dark ? "JupyterLab Light" : "JupyterLab Dark" }).then(show);
  };
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());

  const ALWAYS = { PageDown: () => turn(1), PageUp: () => turn(-1), F5: full };
  const LETTERS = {
    b: black, ".": black, t: teach, c: toggleCode, d: theme, f: full, R: restart,
    a: () => go(answersFrom(decks, place)),
    n: () => go(screenFrom(decks, place, 1)), p: () => go(screenFrom(decks, place, -1), -1),
  };
  const choose = (k) => {
    document.querySelectorAll(".pg-on .scene-buttons button")[k]?.click();
    noteScene();
    tell();
  };
  for (let k = 0; k < 9; k++) LETTERS[k + 1] = () => choose(k);
  const PLAIN = {
    ArrowRight: ALWAYS.PageDown, ArrowDown: ALWAYS.PageDown, " ": ALWAYS.PageDown, Enter: ALWAYS.PageDown,
    ArrowLeft: ALWAYS.PageUp, ArrowUp: ALWAYS.PageUp,
    Home: () => go({ deck: place.deck, screen: 0, group: 0, scene: 0 }),
    End: () => go({ deck: place.deck, screen: deck().screens.length - 1, group: 0, scene: 0 }),
  };

  // A key is ours, or it is a control's in a view, or it is the browser's. JupyterLab, which would change the notebook,
  // hears none.
  const onKey = (event) => {
    if (document.querySelector(".jp-Dialog")) return;
    const { target, key } = event, here = target.ownerDocument === document;
    const foreign = event.ctrlKey || event.altKey || event.metaKey;
    const act = foreign ? null : ALWAYS[key] ?? (isWriting(target) ? null : LETTERS[key]) ?? (here && !event.shiftKey && !isControl(target) ? PLAIN[key] : null);
    const lights = !stage.black.hidden && !foreign && !/^(Shift|CapsLock|AltGraph)$/.test(key); // the first key brings them back
    if (act || lights) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.repeat && act !== ALWAYS.PageDown && act !== ALWAYS.PageUp) return; // held down, it would act again and again
      return lights ? black() : act();
    }
    if (!here || (!foreign && inView(target))) return;
    event.stopImmediatePropagation();
    if (!/^(F\d+|Tab|Escape)$/.test(key) && !(foreign && key !== "s")) event.preventDefault();
  };

  // beginning

  for (const path of NOTEBOOKS) {
    const panel = await app.commands.execute("docmanager:open", { path });
    await panel.context.ready;
    await panel.revealed;
    for (const cell of panel.content.widgets) cell.readOnly = true;
    const cells = panel.content.widgets;
    decks.push({ path, panel, screens: screensOf(cells), notes: cells.find((cell) => slideType(cell) === "notes") ?? null, runs: 0, done: 0, all: 1, fatal: new Map() });
  }
  place = lawful(decks, place);
  entered[deck().path] ??= Date.now();
  app.shell.activateById(deck().panel.id);
  show();

  addEventListener("keydown", onKey, true);
  for (const name of ["dblclick", "paste", "drop"]) addEventListener(name, (event) => { if (!inView(event.target)) event.stopImmediatePropagation(); }, true);
  addEventListener("resize", () => show());
  // the notebooks are copies that nobody saves: no question when the page is left
  addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);
  const late = new MutationObserver((records) => {
    const came = (node) => node.nodeType === 1 && (node.matches?.("mjx-container, svg, .scene-buttons, img") || node.querySelector?.("mjx-container, .live-figure svg, .scene-buttons, img"));
    if (records.some(({ target, addedNodes }) => target.closest?.(".pg-on") && [...addedNodes].some(came))) show();
  });
  for (const { panel } of decks) late.observe(panel.content.node, { subtree: true, childList: true });
  for (const one of decks) watchKernel(one, () => begin(one), tell);
  for (const one of [deck(), ...decks.filter((other) => other !== deck())]) await begin(one);
};

const plugin = {
  id: "pgcourse-present:plugin",
  autoStart: true,
  activate: (app) => {
    element("style", "", document.head).textContent = STYLE;
    document.body.classList.add("pg-present");
    app.restored.then(async () => present(app, await shared("@jupyterlab/cells")));
  },
};
