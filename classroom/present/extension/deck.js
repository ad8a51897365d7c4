// The screens of a notebook, as the slide types of its cells divide it.
//
//   deck     one notebook: {path, panel, screens, notes, runs, faults, …}
//   screen   {heading, groups}: `heading` is the cell with the last heading so far
//   group    cells that come together: with the screen, or each after one more press of the key
//   place    where the presenter is: {deck, screen, group, scene}, all of them numbers

const slideType = (cell) => cell.model.getMetadata("slideshow")?.slide_type ?? "-";
const tagsOf = (cell) => cell.model.getMetadata("tags") ?? [];
const sourceOf = (cell) => cell.model.sharedModel.getSource();
const isText = (cell) => cell.model.type === "markdown";
const isCode = (cell) => cell.model.type === "code";
const isAnswer = (cell) => isText(cell) && sourceOf(cell).startsWith("<details");
const isView = (cell) => isCode(cell) && !!cell.node.querySelector(".live-figure");
const hasRun = (cell) => cell.model.executionCount !== null;

const screensOf = (cells) => {
  const screens = [];
  let heading = null;
  for (const cell of cells) {
    const type = slideType(cell);
    if (type === "skip" || type === "notes") continue;
    if (isText(cell) && /^#{1,3} /m.test(sourceOf(cell))) heading = cell;
    if (!screens.length || type === "slide" || type === "subslide") screens.push({ heading, groups: [[]] });
    else if (type === "fragment") screens.at(-1).groups.push([]);
    screens.at(-1).groups.at(-1).push(cell);
  }
  return screens;
};

// Code is shown where it is the question: in an exercise, and where a function or a number says nothing without it.
const isPlain = ({ output_type, data }) => output_type === "stream" || (!!data && Object.keys(data).every((kind) => kind === "text/plain"));
const showsCode = (cell) => {
  if (tagsOf(cell).includes("exercise")) return true;
  if (!hasRun(cell) || cell.model.getMetadata("jupyter")?.source_hidden) return false;
  const outputs = cell.model.outputs.toJSON();
  return outputs.length ? outputs.every(isPlain) : /^(def|class) /m.test(sourceOf(cell));
};

// whether a step that brings these cells would be seen
const isSeen = (group) => group.some((cell) => !isCode(cell) || !hasRun(cell) || cell.model.outputs.length || showsCode(cell));

// The scenes of the view that a group ends with: its buttons, and the place of the last one chosen (scenes.js).
const scenesOf = (group) => {
  const row = group.map((cell) => cell.node.querySelector(".scene-buttons")).findLast(Boolean);
  return row ? { buttons: [...row.querySelectorAll("button")], at: Number(row.dataset.at) } : { buttons: [], at: -1 };
};

const LAST = Infinity; // for a group or a scene: the last there is

// one step on (1) or back (-1); null beyond the first and the last
const stepFrom = (decks, { deck, screen, group, scene }, way) => {
  const { screens } = decks[deck], { groups } = screens[screen], { buttons, at } = scenesOf(groups[group]);
  if (buttons[at + way]) return { deck, screen, group, scene: at + way };
  for (let k = group + way; groups[k]; k += way) {
    if (isSeen(groups[k])) return { deck, screen, group: k, scene: way > 0 ? 0 : scenesOf(groups[k]).at };
  }
  return screenFrom(decks, { deck, screen }, way, way > 0 ? 0 : LAST);
};

// the next screen (1) or the one before (-1), at its start or at its end
const screenFrom = (decks, { deck, screen }, way, start = 0) => {
  const next = decks[deck].screens[screen + way];
  if (next) return { deck, screen: screen + way, group: start, scene: start };
  const other = decks[deck + way];
  if (!other?.screens.length) return null;
  return { deck: deck + way, screen: way > 0 ? 0 : other.screens.length - 1, group: start, scene: start };
};

// the groups and scenes that there are
const lawful = (decks, { deck, screen, group, scene }) => {
  const inside = (k, list) => Math.max(0, Math.min(k, list.length - 1));
  const d = inside(deck, decks), s = inside(screen, decks[d].screens);
  return { deck: d, screen: s, group: inside(group, decks[d].screens[s].groups), scene };
};

// answers are shown, or hidden again
const answersFrom = (decks, place) => {
  const { groups } = decks[place.deck].screens[place.screen], answers = groups.findLastIndex((group) => group.some(isAnswer));
  if (answers < 0) return null;
  if (place.group < answers) return { ...place, group: answers };
  const asked = Math.max(0, groups.findIndex((group) => group.some(isAnswer)) - 1);
  return { ...place, group: asked, scene: scenesOf(groups[asked]).at };
};
