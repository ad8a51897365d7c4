// The line between a view and its kernel. figure.js and scenes.js are sent to the browser with this text before their own.
//
// The line may be late, slow or cut. `listen` mends what is late, `watch` says in words that an answer is owed, and
// sends again what a cut line has lost. Only ipywidgets' own model, behind anywidget's, knows what was sent.

const OWED = 2000; // milliseconds without an answer, after which a reader is told

// ipywidgets' own model; `trait` is one that only the browser sets, and this value is new to it
const behind = (model, trait, value) => {
  let own = null;
  const hear = (changed) => { own = changed; };
  model.on(`change:${trait}`, hear);
  model.set(trait, value);
  model.off(`change:${trait}`, hear);
  return own ?? model; // on a page without a kernel there may be nothing behind it
};

// anywidget gives a module two seconds to load: later, as on a busy machine, its model hears nothing from the kernel
const listen = (own) => own.comm && own._handle_comm_msg({ content: { data: {} } })?.catch(() => {
  const hear = Object.getPrototypeOf(Object.getPrototypeOf(own))._handle_comm_msg;
  own.comm.on_msg((message) => hear.call(own, message));
  own.comm.send({ method: "request_state" }, own.callbacks());
});

// the models of all that stands with the view in one box, by their id
const family = async (own, el) => {
  const views = await Promise.all(Object.values(own.views ?? {}));
  let view = views.find((one) => one.el.contains(el));
  while (view?.options?.parent) view = view.options.parent;
  const members = (model) => [model, ...(model.get("children") ?? []).flatMap(members)];
  return new Map(members(view?.model ?? own).map((model) => [model.model_id, model]));
};

// say(words) while the kernel owes an answer to the view or to its controls, say("") when it owes none; sent(model) for
// what is asked; gone() when another kernel has taken the place of the view's own; `owes` is whether an answer is owed
// now, `closes` whether the last of them is just being taken in
const watch = (own, el, say, sent = () => {}, gone = () => {}) => {
  const manager = own.widget_manager, kernel = manager?.kernel;
  if (!kernel?.anyMessage) return { owes: () => false, closes: () => false, end: () => {} };
  const owed = new Map(); // id of a message → the model it is from, what it changes, and when it was sent
  let timer = null, known = null, kin = [];
  // only when the first message is sent, all of the view is there
  const ours = () => (known ??= family(own, el).then((found) => { kin = [...found.values()]; return found; }));

  const tell = () => {
    clearTimeout(timer);
    const asked = [...owed.values()].filter(({ model }) => model).map(({ at }) => at);
    const wait = Math.min(...asked) + OWED - performance.now();
    if (asked.length && wait > 0) timer = setTimeout(tell, wait);
    if (!asked.length || wait > 0) say("");
    else if (kernel.connectionStatus === "connected") say("The kernel is busy. The picture shows what was before, and follows when the kernel is free.");
    else say("The connection to the kernel is lost. The picture shows what was before. It follows when the connection is back.");
  };

  // A kernel signs with a session of its own. Another session is another kernel, which knows nothing of this view: the
  // first was restarted in another window, of which JupyterLab tells this one nothing. The server signs as the client.
  let born = null;
  const isAnother = ({ header: { session }, channel }) => {
    if (channel !== "iopub" || !session || session === kernel.clientId) return false;
    born ??= session;
    return session !== born;
  };

  const hear = async (_, { msg, direction }) => {
    const { header, parent_header: parent, content } = msg;
    if (direction === "recv" && isAnother(msg)) return gone();
    if (direction === "send" && header.msg_type === "comm_msg" && ["update", "custom"].includes(content.data.method)) {
      const one = { model: null, state: content.data.state, at: performance.now() }; // a click has no state
      owed.set(header.msg_id, one);
      one.model = (await ours()).get(content.comm_id);
      if (one.model) sent(one.model);
      else owed.delete(header.msg_id); // of another view
      return tell();
    }
    const isAnswer = direction === "recv" && header.msg_type === "status" && content.execution_state === "idle";
    return isAnswer && owed.delete(parent.msg_id) && tell();
  };

  const cut = () => {
    if (kernel.connectionStatus !== "connected") for (const one of owed.values()) one.lost = true;
    tell();
  };

  // When a line is back, ipywidgets asks the kernel for all it knows. What was sent into the cut line, and what waited
  // behind it, the kernel does not know: it is sent again. What was sent later is answered.
  const mend = () => {
    const all = [...owed.values()].filter((one) => one.lost && one.state);
    for (const [id, one] of owed) if (one.lost) owed.delete(id);
    for (const model of new Set(all.map((one) => one.model))) {
      const lost = all.filter((one) => one.model === model).map(({ state }) => state);
      if (!model?.comm_live) continue;
      const wish = Object.assign({}, ...lost, model._msg_buffer);
      Object.assign(model, { _pending_msgs: Math.max(0, model._pending_msgs - lost.length), _msg_buffer: null });
      model.save(wish, { patch: true });
    }
    tell();
  };

  kernel.anyMessage.connect(hear);
  kernel.connectionStatusChanged.connect(cut);
  manager.restored?.connect(mend);
  const end = () => {
    kernel.anyMessage.disconnect(hear);
    kernel.connectionStatusChanged.disconnect(cut);
    manager.restored?.disconnect(mend);
    clearTimeout(timer);
  };
  // an answer is heard here before the models know of it, and before they send what has waited for it
  const closes = () => owed.size === 0 && kin.some(({ _pending_msgs, _msg_buffer }) => _pending_msgs > 0 || _msg_buffer);
  return { owes: () => owed.size > 0 || closes(), closes, end };
};

