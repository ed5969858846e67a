/** History: the jobs of the ledger on the left, the one that is chosen on the right. */

import { createDesk } from "./desk.js";
import { arrange, keepFocus } from "./focus.js";
import { fill, h, set, show, surfaceRoot, translator } from "./dom.js";
import { createMedia } from "./media.js";
import { createJobRow } from "./jobs.js";
import { createQuestion } from "./question.js";
import { createResult } from "./result.js";
import { createStudioBelow } from "./studio_below.js";

const PAGE = 24;
const TYPED = 250; // milliseconds after the last key until it is searched
// What goes into a Studio, in Python, where the front end cannot show one here.
const REUSED = {
  settings: (job) => `${job}.request`,
  vary_seed: (job) => `${job}.request.replace(seed=-1)`,
  last_to_first: (job) => `${job}.video.extend(${job}.request.prompt)`,
};
const LIVE = 1500; // milliseconds between two looks while something is under way

function render({ model, el, strings }) {
  const t = translator(model, strings);
  const desk = createDesk(model, t);
  const { rpc, ask, say } = desk;
  const media = createMedia(rpc, 8);
  const root = surfaceRoot(model, "history");

  const filters = createFilters({ t, onChange: () => load(true) });
  const totals = h("span.sw-quiet", { role: "status" });
  const takeUp = h("button.sw-button.sw-small", { type: "button", hidden: true, onclick: async () => (say((await ask("resume"))?.words ?? ""), load()) });
  const again = h("button.sw-button.sw-small", { type: "button", onclick: () => load() }, t("history.refresh"));
  const adopting = createAdopt({ t, onAdopt: adopt });
  const head = h("header.sw-header", {}, h("div.sw-bar", {}, h("strong.sw-title", {}, t("history.title")), totals, h("span.sw-right-side", {}, takeUp, again)), filters.element);
  const list = h("div.sw-history-list", { role: "list", "aria-label": t("history.list") });
  const none = createNone({ t, onClear: () => (filters.clear(), load(true)) });
  const more = h("button.sw-button.sw-small", { type: "button", hidden: true, onclick: () => load(false, PAGE) });
  const result = createResult({ rpc, t, media, onUse: reuse, onTrouble: desk.complain });
  const tidy = createTidy({ t, onDelete: remove });
  const right = h("div.sw-history-right", { hidden: true }, result.element, tidy.element);
  const below = createStudioBelow({ model, ask, t, say });
  root.append(head, ...desk.elements, h("div.sw-history-columns", {}, h("div.sw-history-left", {}, list, none.element, more, adopting.element), right), below.element);
  el.append(root);

  const rows = new Map();
  let told = null;
  let chosen = "";
  let turn = 0;
  let timer = 0;
  let gone = false;
  let asking = false; // the answer is as new as any news

  /** Ask for the jobs that match; as many as are shown, and some more. */
  async function load(fresh = false, extra = 0) {
    const mine = (turn += 1);
    asking = true;
    clearTimeout(timer);
    const count = fresh || !told ? PAGE : Math.max(PAGE, told.rows.length) + extra;
    const value = await ask("list", { query: filters.query(), count });
    if (mine !== turn || gone) return;
    asking = false;
    if (value) {
      told = value;
      draw();
      set(root, { "data-ready": "true" });
    }
    waitForLive();
  }

  /** Jobs have come or ended. Another view of this may have other filters. */
  function hear(message) {
    if (message?.type !== "list" || asking) return;
    if (JSON.stringify(message.query) !== JSON.stringify(filters.query())) return void load();
    turn += 1; // what is on its way is older
    told = message.value;
    draw();
    waitForLive();
  }
  model.on("msg:custom", hear);

  function waitForLive() {
    clearTimeout(timer);
    if (told?.rows.some((job) => job.live)) timer = setTimeout(look, LIVE);
  }

  /** Ask for what is under way, and for nothing else; where one of them has ended, the totals are asked for too. */
  async function look() {
    const mine = turn;
    const live = told.rows.filter((job) => job.live).map((job) => job.id);
    const fresh = await ask("rows", { jobs: live });
    if (mine !== turn || gone) return;
    if (fresh) {
      if (fresh.length < live.length || fresh.some((job) => !job.live)) return load();
      const news = new Map(fresh.map((job) => [job.id, job]));
      told.rows = told.rows.map((job) => news.get(job.id) ?? job);
      for (const job of fresh) rows.get(job.id)?.draw(job, job.id === chosen);
      if (news.has(chosen)) drawChosen();
    }
    waitForLive();
  }

  function draw() {
    filters.offer(told);
    show(filters.element, told.any);
    fill(totals, told.totals);
    show(fill(takeUp, t("history.take_up", { n: told.unfinished })), told.unfinished > 0);
    const left = told.found - told.rows.length;
    show(fill(more, t("history.more", { n: Math.min(left, PAGE) })), left > 0);
    none.draw(told);
    show(list, told.found > 0);
    for (const [id, row] of rows)
      if (!told.rows.some((job) => job.id === id)) {
        row.dispose();
        rows.delete(id);
      }
    for (const job of told.rows) {
      if (!rows.has(job.id)) rows.set(job.id, createJobRow({ rpc, t, media, onSelect: choose, onSay: say }));
      rows.get(job.id).draw(job, job.id === chosen);
    }
    keepFocus(list, () => arrange(list, told.rows.map((job) => rows.get(job.id).element)), () => list.querySelector("button"));
    if (!told.rows.some((job) => job.id === chosen)) choose(told.rows[0]?.id ?? "");
    else drawChosen();
  }

  function choose(id) {
    if (chosen !== id) tidy.settle();
    chosen = id;
    for (const job of told.rows) rows.get(job.id)?.draw(job, job.id === chosen);
    drawChosen();
  }

  function drawChosen() {
    const job = told.rows.find((one) => one.id === chosen) ?? null;
    show(right, job !== null);
    if (job === null) return;
    result.draw({ job, revision: 0 });
    tidy.draw(job);
  }

  async function reuse(id, how) {
    if (!below.possible) {
      say(t((await below.copyCode(REUSED[how](`sw.job(${JSON.stringify(id)})`), root)) ? "desk.paste_studio" : "result.not_copied"));
      return {};
    }
    return (await below.put("reuse", { job: id, how })) ?? undefined;
  }

  async function remove(what) {
    const value = await ask("delete", { job: chosen, ...what });
    if (value) say(value.words);
    load();
  }

  async function adopt(task) {
    const value = await ask("adopt", { task });
    if (!value) return false;
    say(value.words);
    chosen = value.job;
    await load(true);
    return true;
  }

  load();

  return () => {
    gone = true;
    model.off("msg:custom", hear);
    clearTimeout(timer);
    rows.forEach((row) => row.dispose());
    [below, result, media, desk].forEach((part) => part.dispose());
    root.remove();
  };
}

function createFilters({ t, onChange: changed }) {
  const search = h("input.sw-input.sw-search", { type: "search", placeholder: t("history.search"), "aria-label": t("history.search"), oninput: () => soon() });
  const choice = (name) => h("select.sw-input.sw-small", { "aria-label": t(`history.${name}`), onchange: changed }, h("option", { value: "" }, `${t(`history.${name}`)}: ${t("history.any")}`));
  const state = choice("state");
  state.append(...["running", "succeeded", "failed", "unknown"].map((value) => h("option", { value }, t(`history.${value}`))));
  const model = choice("model");
  const provider = choice("provider");
  const day = () => h("input.sw-input.sw-small", { type: "date", min: "2020-01-01", max: "2099-12-31", onchange: changed });
  const labelled = (name, input) => h("label.sw-day", {}, h("span.sw-quiet", {}, t(`history.${name}`)), input);
  const since = day();
  const until = day();
  let timer = 0;
  let offered = "";

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(changed, TYPED);
  }

  return {
    element: h("div.sw-filters", {}, search, state, model, provider, labelled("since", since), labelled("until", until)),
    clear() {
      for (const one of [search, state, model, provider, since, until]) one.value = "";
    },
    query: () => ({ words: search.value, state: state.value, model: model.value, provider: provider.value, since: since.value, until: until.value }),
    offer({ models, providers }) {
      const signature = JSON.stringify([models, providers]);
      if (signature === offered) return;
      offered = signature;
      for (const [menu, options] of [[model, models.map((name) => [name, name])], [provider, providers]]) {
        const value = menu.value;
        menu.replaceChildren(menu.firstChild, ...options.map(([id, words]) => h("option", { value: id }, words)));
        menu.value = value;
      }
    },
  };
}

/** Where no job is shown: what will be here and how one comes to it, or a way out of the filters. */
function createNone({ t, onClear }) {
  const codes = { none_studio: "sw.Studio()", none_cell: 'await sw.generate_video("a calm boat")' };
  const steps = ["none_studio", "none_cell", "none_adopt"].map((name) => h("li", {}, t(`history.${name}`), " ", codes[name] && h("code", {}, codes[name])));
  const empty = h("div.sw-empty", {}, h("span.sw-empty-sign", { "aria-hidden": "true" }, "▷"), h("strong", {}, t("history.none")), h("ol", {}, ...steps), h("span", {}, t("history.none_kept")));
  const nothing = h("div.sw-empty", {}, h("span", {}, t("history.none_found")), h("button.sw-button.sw-small", { type: "button", onclick: onClear }, t("history.clear")));
  const element = h("div.sw-none", {}, empty, nothing);
  return {
    element,
    draw({ any, found }) {
      show(element, !found);
      show(empty, !any);
      show(nothing, any && !found);
    },
  };
}

function createAdopt({ t, onAdopt }) {
  const input = h("input.sw-input.sw-small", { type: "text", maxLength: 200, spellcheck: false, placeholder: t("history.adopt_short"), title: t("history.adopt_hint"), "aria-label": t("history.adopt_hint") });
  const press = h("button.sw-button.sw-small", { type: "submit" }, t("history.adopt"));
  const element = h("form.sw-adopt", {}, input, press);
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!input.value.trim() || press.disabled) return;
    press.disabled = true; // twice would be adopted twice
    if (await onAdopt(input.value.trim())) input.value = "";
    press.disabled = false;
  });
  return { element };
}

/** Delete a file or an entry; both ask first. */
function createTidy({ t, onDelete }) {
  let deletion = "never";
  const question = createQuestion({
    label: t("history.delete_entry"),
    agree: t("history.yes"),
    decline: t("history.no"),
    stress: "",
    cautious: true,
    back: (what) => buttons[what],
    onYes(what) {
      question.settle();
      onDelete({ what, asked: deletion });
    },
  });
  const button = (what) => h("button.sw-button.sw-small", { type: "button", onclick: () => askFor(what) }, t(`history.delete_${what}`));
  const buttons = { file: button("file"), entry: button("entry") };
  const element = h("div.sw-row.sw-tidy", {}, buttons.file, buttons.entry, question.element);

  function askFor(what) {
    question.ask(t(`history.ask_${what === "entry" && deletion !== "plain" ? deletion : what}`), what);
  }

  return {
    element,
    settle: question.settle,
    draw(job) {
      if (deletion !== job.deletion && question.asked) question.settle(); // another question is due
      deletion = job.deletion;
      show(element, deletion !== "never");
      show(buttons.file, job.video !== null);
    },
  };
}

export default { render };
