// Keyboard, and live pages. Every page works without this script.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const help = $("#help"), toggle = $("#keys"), button = $("#help-button");
  const isOn = () => localStorage.getItem("memcairn-keys") !== "off";

  button.hidden = false;
  button.onclick = () => help.showModal();
  toggle.checked = isOn();
  toggle.onchange = () => localStorage.setItem("memcairn-keys", toggle.checked ? "on" : "off");

  const move = (step) => {
    const items = [...document.querySelectorAll("[data-item]")].filter((one) => one.checkVisibility());
    if (!items.length) return;
    const at = items.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step;
    const item = items[Math.max(0, Math.min(items.length - 1, next))];
    item.focus();
    item.scrollIntoView({ block: "nearest" });
  };

  // The action of the row that has the focus, else the first on the page.
  const press = (key) => {
    const selector = `[data-key="${CSS.escape(key)}"]`;
    const row = document.activeElement?.closest("[data-row]");
    const found = (row && $(selector, row)) || $(selector);
    if (!found) return false;
    if (found.matches("input, textarea, select")) { found.focus(); found.select?.(); }
    else found.click();
    return true;
  };

  const say = (key) => {
    const line = $("#no-key") ?? document.createElement("p");
    Object.assign(line, { id: "no-key", className: "message", textContent: help.dataset.none.replace("{key}", key) });
    $("#messages").append(line);
  };

  // A key decides about what is shown: while a form is being sent, keys and buttons wait for the next page.
  let isSent = false;
  addEventListener("pageshow", () => { isSent = false; });
  document.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    // After a download the page stays.
    isSent ||= event.target.method === "post" && new URL(event.target.action).pathname !== "/settings/export";
  });

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const submit = target.form && $("[data-submit]", target.form);
      if (submit) submit.click();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.key === "Escape" && target.matches("input, textarea, select")) { target.blur(); return; }
    // Escape stops a page that does not come.
    if (event.key === "Escape") isSent = false;
    if (isSent || !isOn() || target.matches("input, textarea, select")) return;
    const pages = document.querySelectorAll("header nav a");
    if (event.key === "/") { $("#search").focus(); $("#search").select(); }
    else if (event.key === "?") help.showModal();
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (/^[1-9]$/.test(event.key) && pages[event.key - 1]) pages[event.key - 1].click();
    else if (!/^[a-z]$/.test(event.key)) return;
    else if (!press(event.key)) say(event.key);
    event.preventDefault();
  });

  // After an update, the focus goes back to what had it. Lists grow at the top: equal ones are counted from below.
  let before = null;
  const targets = () => [...document.querySelectorAll(":is(#live, #results) :is(a, button, summary)")];
  const name = (one) => one.href ?? `${$("a", one.closest("[data-row]") ?? one)?.href} ${one.innerText}`;
  document.addEventListener("htmx:beforeSwap", () => {
    const all = targets(), at = all.indexOf(document.activeElement);
    if (at < 0) { before = null; return; }
    const names = all.map(name);
    before = { at, name: names[at], below: names.slice(at + 1).filter((one) => one === names[at]).length };
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!before || document.activeElement !== document.body) return;
    const all = targets(), equal = all.filter((one) => name(one) === before.name);
    (equal.at(-1 - before.below) ?? equal[0] ?? all[before.at] ?? all.at(-1))?.focus({ preventScroll: true });
  });

  if ($("#live")) {
    let source, isDue = false;
    const update = () => {
      // Not while somebody reads a detail that would close, or is in a field, but afterwards.
      isDue = !!($("#live details[open]") || $("#live :focus")?.matches("input, textarea, select"));
      if (!isDue) document.body.dispatchEvent(new Event("memcairn:changed"));
    };
    for (const end of ["toggle", "focusout"]) {
      document.addEventListener(end, () => { if (isDue) setTimeout(update); }, true);
    }
    // A browser may keep a page, and show it again when somebody goes back.
    addEventListener("pageshow", () => {
      source = new EventSource("/events");
      source.addEventListener("changed", update);
    });
    addEventListener("pagehide", () => source?.close());
  }
})();
