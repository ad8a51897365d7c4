// The browser's side of SceneButtons (scenes.py): buttons in a row, and keys for the view they stand in.
//
//   model traits   names, present   from the kernel: what the buttons say, and which of them is pressed (or null)
//                  heard            from the kernel: the choice that `present` is the answer to
//                  choice           to the kernel: [the scene chosen, the how many-th choice, of which row in which page]
//
// The widget manager keeps one `choice` in flight and sends the newest when that is answered: pages turned fast do not
// queue up.

const CSS = `
.scene-buttons { display: flex; flex-wrap: wrap; gap: 4px; margin: 4px 2px; }
.scene-buttons button { min-height: 28px; padding: 2px 10px; border-radius: 14px; cursor: pointer; text-align: left;
  font: var(--jp-ui-font-size1, .85rem)/1.3 var(--jp-ui-font-family, sans-serif);
  border: 1px solid var(--jp-border-color1, #8c959f);
  background: var(--jp-layout-color1, #fff); color: var(--jp-ui-font-color1, #1f2328); }
.scene-buttons button:hover { background: var(--jp-layout-color2, #eaeef2); }
.scene-buttons button:focus-visible { outline: 3px solid #0969da; outline-offset: 1px; }
.scene-buttons button[aria-pressed="true"] { background: #0550ae; border-color: #0550ae; color: #fff; }
@media (pointer: coarse) { .scene-buttons button { min-height: 36px; } }
.scene-view:focus { outline: none; } /* it has the focus after a click beside everything, and keeps it for the keys */
`;

const isWriting = (node) => node.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(node.tagName);

function render({ model, el }) {
  const names = model.get("names");
  const me = Math.random().toString(36).slice(2); // which of several rows for these scenes, perhaps in several pages
  let view = null; // the box with the picture and the controls
  let count = 0; // choices here
  let owed = false; // the answer to the last of them
  let at = model.get("present") ?? -1; // where pages are turned from: the scene last chosen, even if the reader moved since

  const own = behind(model, "choice", [0, 0, me]);
  own.foreseen ??= null; // the scene whose picture is shown before the kernel has answered: see ahead.js

  const row = document.createElement("div"), style = document.createElement("style");
  style.textContent = CSS;
  row.className = "scene-buttons";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "scenes");
  el.append(style, row);

  const choose = (k) => {
    if (row.contains(document.activeElement)) buttons[k].focus();
    row.dataset.at = at = k; // who presents the notebook turns its pages, too
    owed = true;
    model.set("choice", [k, ++count, me]);
    if (own.comm_live !== false) model.save_changes(); // else the picture may have been made ahead
  };

  const buttons = names.map((name, k) => {
    const button = document.createElement("button"), sign = document.createElement("span");
    sign.setAttribute("aria-hidden", "true");
    button.append(sign, name);
    button.type = "button";
    button.title = `scene ${k + 1}: key ${k + 1}, or PageDown and PageUp`;
    button.addEventListener("click", () => choose(k));
    row.append(button);
    return button;
  });

  const show = () => {
    const present = own.foreseen ?? model.get("present"), [, last, whose] = model.get("heard");
    if (whose === me && last === count) owed = false;
    if (!owed) at = present ?? at;
    row.dataset.at = at;
    buttons.forEach((button, k) => {
      button.setAttribute("aria-pressed", k === present);
      button.firstChild.textContent = k === present ? "● " : "○ ";
    });
  };

  // before the sliders and points of the view, which have a use of their own for the page keys
  const turn = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const step = { PageDown: 1, PageUp: -1 }[event.key], digit = /^[1-9]$/.test(event.key) && !isWriting(event.target);
    const wish = step ? Math.min(Math.max(at + step, 0), names.length - 1) : digit ? event.key - 1 : names.length;
    if (wish >= names.length) return;
    event.stopPropagation();
    const isHere = step && wish === at && buttons[wish].ariaPressed === "true";
    if (isHere && !own.comm && !isWriting(event.target)) return; // on a page without a kernel it scrolls on from here
    event.preventDefault();
    choose(wish);
  };

  // only when it is in the page does the row know what it stands in
  const inPage = new ResizeObserver(() => {
    if (view || !el.isConnected) return;
    view = el.closest(".widget-vbox") ?? el;
    view.addEventListener("keydown", turn, true);
    view.classList.add("scene-view");
    view.tabIndex = -1;
  });
  inPage.observe(row);
  model.on("change:present change:heard", show);
  own.on("foreseen", show);
  show();
  listen(own);

  return () => {
    model.off("change:present change:heard", show);
    own.off("foreseen", show);
    inPage.disconnect();
    view?.removeEventListener("keydown", turn, true);
  };
}

export default { render };
