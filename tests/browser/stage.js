/**
 * The page's half of the stage: models as anywidget hands them to `render`, joined to Python by one WebSocket.
 *
 * A frame is four bytes with the length of its header, the header as JSON, and the buffers it counts, one after another.
 */

const models = new Map();
const socket = new WebSocket(`${location.origin.replace("http", "ws")}/wire`);
socket.binaryType = "arraybuffer";

function pack(header, buffers) {
  const parts = buffers.map((one) => (ArrayBuffer.isView(one) ? new Uint8Array(one.buffer, one.byteOffset, one.byteLength) : new Uint8Array(one)));
  const text = new TextEncoder().encode(JSON.stringify({ ...header, lengths: parts.map((one) => one.length) }));
  const size = new DataView(new ArrayBuffer(4));
  size.setUint32(0, text.length);
  return new Blob([size, text, ...parts]);
}

function unpack(frame) {
  const length = new DataView(frame).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 4, length)));
  let at = 4 + length;
  const buffers = header.lengths.map((size) => {
    // A copy, as the notebook's front end makes one: nothing may rely on what lies around it.
    const view = new DataView(frame.slice(at, at + size));
    at += size;
    return view;
  });
  return { header, buffers };
}

class Model {
  #id;
  #state;
  #listeners = new Map();

  constructor(id, state) {
    this.#id = id;
    this.#state = state;
  }

  get(name) {
    return this.#state[name];
  }

  set(name) {
    throw new Error(`model.set("${name}"): a surface never sets traits, it sends messages`);
  }

  save_changes() {
    throw new Error("model.save_changes(): a surface never sets traits, it sends messages");
  }

  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
  }

  off(name, listener) {
    if (!name) this.#listeners.clear();
    else if (!listener) this.#listeners.delete(name);
    else this.#listeners.get(name)?.delete(listener);
  }

  send(content, callbacks, buffers = []) {
    socket.send(pack({ model: this.#id, content }, buffers));
  }

  /** How many listeners are left: a surface that was let go leaves none. */
  get listening() {
    return [...this.#listeners.values()].reduce((sum, all) => sum + all.size, 0);
  }

  take(kind, content, buffers) {
    if (kind === "custom") return this.#tell("msg:custom", content, buffers);
    const changed = Object.keys(content).filter((name) => JSON.stringify(content[name]) !== JSON.stringify(this.#state[name]));
    Object.assign(this.#state, content);
    changed.forEach((name) => this.#tell(`change:${name}`, this, content[name]));
    if (changed.length) this.#tell("change", this);
  }

  #tell(name, ...args) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        reportError(error); // a page error, which fails the test; the other listeners are told all the same
      }
    }
  }
}

socket.onmessage = ({ data }) => {
  const { header, buffers } = unpack(data);
  if (header.kind === "open") models.set(header.model, new Model(header.model, header.content));
  else models.get(header.model)?.take(header.kind, header.content, buffers);
};

/** A place to draw, as an output area has it. */
function output() {
  const child = document.createElement("div");
  child.className = "lm-Widget jp-OutputArea-child";
  const place = document.createElement("div");
  place.className = "lm-Widget jp-OutputArea-output";
  child.append(place);
  document.querySelector("#outputs").append(child);
  return place;
}

async function model(id) {
  while (!models.has(id)) await new Promise((resolve) => setTimeout(resolve, 1));
  return models.get(id);
}

function style(css) {
  const element = document.createElement("style");
  element.textContent = css;
  document.head.append(element);
}

const loaded = new Map();

window.stage = {
  ready: new Promise((resolve) => (socket.onopen = resolve)),
  model,
  places: [],
  cleanups: [],

  /** Run the text of an async function's body with these names in reach; what it returns is `window.mounted`. */
  async mount(id, body, styles) {
    for (const name of styles) style(await (await fetch(`/assets/${name}`)).text());
    const root = output();
    root.classList.add("seedance");
    const { createRpc } = await import("/assets/rpc.js");
    const { createEdits } = await import("/assets/edits.js");
    const { h, translator } = await import("/assets/dom.js");
    const it = await model(id);
    const names = { model: it, rpc: createRpc(it), t: translator(it), root, h, createEdits };
    const AsyncFunction = (async () => {}).constructor;
    window.mounted = await new AsyncFunction(...Object.keys(names), body)(...Object.values(names));
    return window.stage.places.push(root) - 1;
  },

  /** Show a surface as anywidget does: the module text that its model carries, and `render`. */
  async render(id) {
    const it = await model(id);
    const place = output();
    if (!loaded.has(id)) {
      const url = URL.createObjectURL(new Blob([it.get("_esm")], { type: "text/javascript" }));
      loaded.set(id, import(url).finally(() => URL.revokeObjectURL(url)));
    }
    const { default: surface } = await loaded.get(id);
    const cleanup = await surface.render({ model: it, el: place });
    window.stage.cleanups[window.stage.places.length] = cleanup;
    return window.stage.places.push(place) - 1;
  },

  async dispose(number) {
    await window.stage.cleanups[number]();
    window.stage.places[number].parentElement.remove();
  },

  /** JupyterLab's own theme: its style sheet, and what it writes on the body. */
  async theme(name) {
    const link = document.querySelector("#theme");
    const href = `/themes/theme-${name}-extension/index.css`;
    if (link.getAttribute("href") !== href) {
      await new Promise((resolve) => {
        link.onload = resolve;
        link.href = href;
      });
    }
    document.body.dataset.jpThemeLight = String(name === "light");
    document.body.dataset.jpThemeName = `JupyterLab ${name === "light" ? "Light" : "Dark"}`;
  },
};
