// All cells of a notebook are run, one after the other, and again when its kernel has died.
//
//   deck.runs     how many times a run has begun: an older one ends
//   deck.done     cells run so far, of deck.all; equal when the run is over
//   deck.faults   [[the cell's id, what Python said]], of cells that may not fail
//   deck.fatal    the cell's id → how often the kernel has died there: the second time, the cell is left out

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const faultOf = (cell) => {
  const error = cell.model.outputs.toJSON().find(({ output_type }) => output_type === "error");
  return error && !tagsOf(cell).includes("raises-exception") ? `${error.ename}: ${error.evalue}` : null;
};

// A kernel that has just been started may not hear what it is told: it is asked until it answers.
const answers = async ({ session }) => {
  const kernel = session?.kernel;
  if (kernel?.connectionStatus !== "connected") return false;
  return Promise.race([kernel.requestKernelInfo().then(() => true, () => false), pause(3000).then(() => false)]);
};

const AT_ONCE = 3; // cells that the kernel has been told of: it need not wait for us between two of them

// `before(cell)` is awaited, and gives what to do when the cell has run; `tell` is called at each step
const runDeck = async (deck, CodeCell, before, tell) => {
  const run = (deck.runs += 1), context = deck.panel.sessionContext;
  const cells = deck.panel.content.widgets.filter(isCode), under = [];
  let lost = false; // a cell was not run, though no kernel died: then all are run anew
  Object.assign(deck, { done: 0, all: cells.length, faults: [] });
  tell();
  await context.ready;
  while (!(await answers(context))) {
    await pause(50);
    if (deck.runs !== run) return;
  }
  const one = async (cell, after) => {
    // as if each could fail: otherwise the kernel would forget those that wait behind a cell that fails
    const outcome = await CodeCell.execute(cell, context, { tags: ["raises-exception"] }).catch((error) => error);
    if (/^Canceled/.test(outcome?.message)) {
      lost = true;
      await pause(200); // the kernel may be gone: we are told so soon
    } else if (deck.runs === run) {
      const fault = faultOf(cell);
      if (fault) deck.faults.push([cell.model.id, fault]);
      deck.done += 1;
      tell(cell);
    }
    await after();
  };
  for (const cell of cells) {
    if (deck.fatal.get(cell.model.id) > 1) {
      await Promise.all(under.splice(0));
      if (deck.runs !== run) return;
      deck.faults.push([cell.model.id, "nothing: the kernel died there, twice"]);
      deck.done += 1;
      continue;
    }
    if (under.length === AT_ONCE) await under.shift();
    const after = await before(cell);
    if (lost || deck.runs !== run) {
      await after();
      break;
    }
    under.push(one(cell, after));
  }
  await Promise.all(under);
  if (deck.runs !== run) return;
  if (lost) await runDeck(deck, CodeCell, before, tell);
  else tell();
};

// The kernel has died, and JupyterLab starts another by itself, or has given up.
const watchKernel = (deck, again, tell) => {
  deck.gone = false;
  deck.panel.sessionContext.statusChanged.connect(async (_, status) => {
    if ((status === "autorestarting" || status === "dead") && !deck.gone) {
      deck.runs += 1; // the run that was under way ends here
      const at = deck.panel.content.widgets.filter(isCode)[deck.done]?.model.id;
      if (at) deck.fatal.set(at, (deck.fatal.get(at) ?? 0) + 1);
      deck.gone = true;
      tell();
    }
    if (status === "autorestarting") dismiss("Kernel Restarting");
    if (status === "dead") await deck.panel.sessionContext.session?.kernel?.restart();
    if (deck.gone && (status === "idle" || status === "starting")) {
      deck.gone = false;
      again();
    }
  });
};

// JupyterLab's dialog of this title is closed as soon as it is there: nobody is to answer it before an audience
const dismiss = async (title) => {
  for (let tries = 0; tries < 50; tries++, await pause(20)) {
    const dialog = [...document.querySelectorAll(".jp-Dialog")].find((node) => node.textContent.includes(title));
    if (dialog) return dialog.querySelector(".jp-mod-accept").click();
  }
};
