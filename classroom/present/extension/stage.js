// What the audience sees: one screen, as large as the window allows.

const FOOT = 24; // pixels of the line at the foot, at its smallest
const SIDE = 24; // pixels left free beside a picture

const element = (name, className, parent = document.body) => {
  const node = Object.assign(document.createElement(name), { className });
  parent.append(node);
  return node;
};

const makeStage = () => {
  const foot = element("div", "pg-foot"), where = element("span", "pg-where", foot);
  const news = element("span", "pg-news", foot), count = element("span", "pg-count", foot);
  const black = element("div", "pg-black");
  const heard = element("span", "pg-heard", foot); // by a screen reader: where we are now
  news.setAttribute("role", "status");
  heard.setAttribute("role", "status");
  black.hidden = true;
  let on = []; // the cells of the screen

  const largest = () => Math.max(1, Math.min(innerWidth / 600, innerHeight / 375)); // of text, to JupyterLab's own size
  const smallest = () => Math.max(1, 0.5 * largest());

  const height = () => {
    const boxes = on.map(({ node }) => node.getBoundingClientRect()).filter((box) => box.height);
    return boxes.length ? Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top)) : 0;
  };
  const isWide = () => on.some(({ node }) => [...node.querySelectorAll("mjx-math, table, pre, img")].some((part) => part.getBoundingClientRect().right > innerWidth));
  const zoom = (size, picture = 0) => {
    for (const { node } of on) {
      node.style.setProperty("--pg-zoom", size);
      node.style.setProperty("--pg-picture", `${picture / size}px`);
    }
  };

  // The largest text that fits; beside a picture text is smaller, until the picture has most of the screen.
  const fit = () => {
    const low = FOOT * largest(), room = innerHeight - low, width = innerWidth - SIDE;
    for (const { node } of on) node.style.setProperty("--pg-top", "0px");
    const [across, down] = on.map(({ node }) => node.querySelector(".live-figure svg")?.viewBox.baseVal).filter(Boolean).map((box) => [box.width, box.height])[0] ?? [];
    const share = on.some(isAnswer) ? 0.45 : 0.72; // of the room, that the picture has before text is made smaller
    let size = largest(), picture = 0;
    for (; ; size = Math.max(smallest(), 0.94 * size)) {
      zoom(size, picture = across ? width / 3 : 0);
      if (!across) {
        if (height() <= room && !isWide()) break;
      } else {
        const left = room - height() + (picture * down) / across; // pixels in height for the picture
        picture = Math.max(width / 3, Math.min(width, (left * across) / down));
        zoom(size, picture);
        if (height() <= room && !isWide() && (picture === width || (picture * down) / across > share * room)) break;
      }
      if (size === smallest()) break;
    }
    const first = on.find(({ node }) => node.getClientRects().length);
    first?.node.style.setProperty("--pg-top", `${Math.max(0, (room - height()) / 2 / size)}px`);
    foot.style.setProperty("--pg-zoom", 0.8 * largest());
  };

  // groups[0 … group] of a screen; of a screen of text what comes later has its place already
  const show = ({ panel, screens }, place, code) => {
    const { groups } = screens[place.screen], shown = groups.slice(0, place.group + 1).flat();
    const later = shown.some(isView) ? [] : groups.slice(place.group + 1).filter(isSeen).flat().filter((cell) => !isAnswer(cell) && !isView(cell));
    const dress = (cells) => {
      on = cells;
      for (const cell of panel.content.widgets) {
        const seen = cells.includes(cell);
        cell.toggleClass("pg-on", seen);
        cell.toggleClass("pg-later", seen && !shown.includes(cell));
        cell.toggleClass("pg-code", seen && isCode(cell) && (code || showsCode(cell)));
        cell.toggleClass("pg-view", seen && isView(cell));
        const fault = seen && isCode(cell) && faultOf(cell);
        if (fault) cell.node.dataset.fault = `The cell "${cell.model.id}" failed. It said ${fault}`;
        else delete cell.node.dataset.fault;
        for (const answer of seen && isAnswer(cell) ? cell.node.querySelectorAll("details") : []) answer.open = true;
      }
      fit();
    };
    dress([...shown, ...later]);
    if (later.length && height() > innerHeight) dress(shown);
  };

  // the screen's own window: it scrolls only where the smallest text is too much
  const scroll = (panel, way) => {
    const box = panel.content.outerNode ?? panel.content.node;
    const before = box.scrollTop, beyond = () => box.scrollHeight - box.clientHeight;
    if (beyond() >= 8) { // something may have grown since it was made to fit
      fit();
      box.scrollTop = before;
    }
    const far = beyond();
    if (far < 8 || (way > 0 ? before >= far - 8 : before <= 8)) return false;
    box.scrollTop = before + way * 0.8 * box.clientHeight;
    return true;
  };
  const top = (panel, way) => { (panel.content.outerNode ?? panel.content.node).scrollTop = way > 0 ? 0 : 1e6; };

  return { foot: { where, news, count, heard }, black, fit, show, scroll, top };
};

// The picture that is seen now, over its cell until `release` is called: the cell is about to be run again.
const keepStill = async (cell) => {
  const svg = cell.node.querySelector(".live-figure svg");
  if (!svg?.getClientRects().length) return () => {};
  const still = svg.cloneNode(true), image = still.querySelector("image"), box = svg.getBoundingClientRect();
  still.setAttribute("class", "pg-still");
  const background = URL.createObjectURL(await (await fetch(image.getAttribute("href"))).blob()); // its own goes with the view
  image.setAttribute("href", background);
  Object.assign(still.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
  document.body.append(still);
  return () => { still.remove(); URL.revokeObjectURL(background); };
};
