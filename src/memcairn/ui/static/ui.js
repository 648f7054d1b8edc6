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

  // A key decides about what is shown: while a form is being sent, keys and buttons wait for the next page.
  let isSent = false;
  addEventListener("pageshow", () => { isSent = false; });
  document.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    // After a download the page stays.
    isSent ||= event.target.method === "post" && event.target.getAttribute("action") !== "/settings/export";
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
    else if (!/^[a-z]$/.test(event.key) || !press(event.key)) return;
    event.preventDefault();
  });

  // After an update, the focus goes back to where it was in the list.
  let focused = -1;
  const items = () => [...document.querySelectorAll("#live [data-item], #results [data-item]")];
  document.addEventListener("htmx:beforeSwap", () => { focused = items().indexOf(document.activeElement); });
  document.addEventListener("htmx:afterSettle", () => { if (focused >= 0) items()[focused]?.focus(); });

  if ($("#live")) {
    const source = new EventSource("/events");
    source.addEventListener("changed", () => {
      // Not while somebody reads a detail that would close, or is in a field.
      if ($("#live details[open]") || $("#live :focus")?.matches("input, textarea")) return;
      document.body.dispatchEvent(new Event("memcairn:changed"));
    });
    addEventListener("pagehide", () => source.close());
  }
})();
