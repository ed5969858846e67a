/** The head of the Studio: who makes the video and whether it costs, which model, which language. */

import { fill, h, set, show, uniqueId } from "./dom.js";

export function createHeader({ ask, rpc, t }) {
  const dot = h("span.sw-dot", { "aria-hidden": "true" });
  const who = h("span");
  const panelId = uniqueId("providers");
  const pill = h("button.sw-button.sw-pill", { type: "button", "aria-expanded": "false", "aria-controls": panelId, "data-field": "provider", onclick: toggle }, dot, who);
  const menu = h("select.sw-input.sw-model", { "aria-label": t("studio.model"), "data-field": "model", onchange: () => ask("set", { changes: { model: menu.value } }) });
  const lang = h("button.sw-button.sw-pill", { type: "button", title: t("studio.other_language"), onclick: () => ask("lang", { lang: t("studio.other_lang") }) }, t("studio.lang"));
  const about = h("p.sw-quiet.sw-about");
  const panel = createProviders({ ask, rpc, t, id: panelId, onDone: () => toggle(false) });
  const element = h("header.sw-header", {}, h("div.sw-bar", {}, h("strong.sw-title", {}, t("studio.title")), pill, menu, lang), panel.element, about);

  function toggle(open = panel.element.hidden) {
    const opened = open === true || (open instanceof Event && panel.element.hidden);
    show(panel.element, opened);
    set(pill, { "aria-expanded": String(opened) });
    if (opened) panel.focus();
    else pill.focus();
  }

  return {
    element,
    draw(header, view) {
      fill(who, header.words);
      pill.title = header.title;
      dot.dataset.billed = String(header.billed);
      drawOptions(menu, view.options.model);
      if (menu.value !== view.values.model) menu.value = view.values.model;
      const invalid = view.problems.some((problem) => problem.field === "model" && problem.severity === "error");
      set(menu, { "aria-invalid": invalid ? "true" : null });
      const chosen = view.options.model.find((option) => option.value === view.values.model);
      menu.title = chosen?.detail ?? "";
      fill(about, header.trouble);
      show(about, Boolean(header.trouble));
      panel.draw(header);
    },
    dispose() {},
  };
}

function drawOptions(menu, options) {
  const signature = JSON.stringify(options);
  if (menu.dataset.options === signature) return;
  menu.dataset.options = signature;
  menu.replaceChildren(
    ...options.map(({ value, label, detail, reason }) =>
      h("option", { value, disabled: Boolean(reason), title: reason ?? "" }, [label, reason || detail].filter(Boolean).join(" · ")),
    ),
  );
}

/** Choose who makes the videos; a key that is typed here travels once, in one message, and is kept nowhere in the page. */
function createProviders({ ask, rpc, t, id, onDone }) {
  const element = h("form.sw-providers", { id, hidden: true, autocomplete: "off" });
  const name = uniqueId("provider");
  const choices = h("fieldset.sw-plain", {}, h("legend.sw-hidden-text", {}, t("studio.provider")));
  const keyId = uniqueId("key");
  const key = h("input.sw-input", { type: "password", id: keyId, autocomplete: "off", spellcheck: false });
  const keyName = h("code");
  const keyRow = h("p", {}, h("label", { for: keyId }, t("studio.key"), " ", keyName), " ", key, " ", h("span.sw-quiet", {}, t("studio.key_hint")));
  const trouble = h("p.sw-trouble", { role: "alert", hidden: true });
  const use = h("button.sw-button.sw-main", { type: "submit" }, t("studio.use"));
  const close = h("button.sw-button", { type: "button", onclick: () => onDone() }, t("studio.close"));
  element.append(choices, keyRow, trouble, h("p.sw-actions", {}, use, close));
  let offered = [];
  let drawn = "";

  const chosen = () => offered.find((one) => one.name === element.querySelector("input[type=radio]:checked")?.value);
  function showKey() {
    const one = chosen();
    show(keyRow, Boolean(one?.key_env));
    fill(keyName, one?.key_env ?? "");
    key.placeholder = one?.has_key ? t("studio.key_there") : "";
  }
  choices.addEventListener("change", () => {
    key.value = ""; // what was typed was for the one that was chosen then
    showKey();
  });
  element.addEventListener("keydown", (event) => event.key === "Escape" && onDone());
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const one = chosen();
    if (!one) return;
    const payload = key.value && one.key_env ? { name: one.name, secret: key.value } : { name: one.name };
    key.value = "";
    try {
      await rpc.call("provider", payload);
      show(trouble, false);
      onDone();
    } catch (error) {
      show(fill(trouble, error.message), true);
    }
  });

  return {
    element,
    focus() {
      (element.querySelector("input[type=radio]:checked") ?? element.querySelector("input"))?.focus();
    },
    draw({ choices: given, name: current }) {
      const signature = JSON.stringify([given, current]);
      if (signature === drawn) return;
      drawn = signature;
      offered = given;
      choices.replaceChildren(
        choices.firstChild,
        ...given.map((one) =>
          h("label.sw-choice", {}, h("input", { type: "radio", name, value: one.name, checked: one.name === current }), one.words),
        ),
      );
      showKey();
    },
  };
}
