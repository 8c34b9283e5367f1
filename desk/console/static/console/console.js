// What pages of the console do by themselves; without it everything still works by links and forms.
"use strict";

(() => {
  const live = document.querySelectorAll("[data-live]");
  const announce = document.getElementById("announce");
  const state = document.getElementById("live-state");
  const title = document.title;

  // A form that is on its way is not sent again; its key makes a second try harmless all the same.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  });

  // Vetted answers go into the reply, and their ids with it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    const text = document.getElementById("id_reply-text");
    const ids = document.getElementById("id_reply-answers");
    text.value = text.value ? `${text.value}\n${button.dataset.insert}` : button.dataset.insert;
    ids.value = [...new Set([...ids.value.split(",").filter(Boolean), button.dataset.answer])].join(",");
    text.focus();
  });

  // Changes arrive as events; the connection is looked after by the browser.
  function tell(text) { if (announce) announce.textContent = text; }
  function show(text) { if (state && state.textContent !== text) state.textContent = text; }
  // A conversation counts as read when it is on the screen: it is not fetched for nobody to see.
  function refresh(element) {
    if (element.dataset.conversation && document.hidden) return;
    htmx.trigger(element, "refresh");
  }
  document.addEventListener("visibilitychange", () => live.forEach(refresh));
  setInterval(() => live.forEach(refresh), 30000);
  function listen() {
    const events = new EventSource("/staff/events/");
    events.onopen = () => show("自動で更新されます");
    events.addEventListener("change", (event) => {
      const changed = JSON.parse(event.data);
      live.forEach((element) => {
        const name = element.dataset.conversation;
        if (!name || changed.includes(name)) refresh(element);
      });
    });
    events.onerror = () => {
      if (events.readyState !== EventSource.CLOSED) { show("つなぎ直しています…"); return; }
      show("更新が止まっています。ページを読み直してください。");
      setTimeout(listen, 10000);
    };
  }
  if (live.length) listen();

  function noteQueue(element) {
    const rows = element.querySelector("[data-count]");
    const count = Number(rows.dataset.count);
    document.title = count ? `（${count}）${title}` : title;
    return Number(rows.dataset.newest);
  }
  const queue = document.getElementById("queue");
  let newest = queue ? noteQueue(queue) : 0;
  let last = Number(document.querySelector("[data-last]")?.dataset.last ?? 0);
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target === queue) {
      const now = noteQueue(queue);
      if (now > newest) tell("新しい対応が届きました。");
      newest = Math.max(newest, now);
    }
    const list = event.target.querySelector?.("[data-last]");
    if (list) {
      const now = Number(list.dataset.last);
      if (now > last) tell("会話に新しい行があります。");
      last = now;
    }
  });

  // Keys, unless somebody is writing.
  const writing = (element) => element.closest("input, textarea, select, [contenteditable]");
  function step(by) {
    const links = [...document.querySelectorAll(".queue-link")];
    const at = links.indexOf(document.activeElement);
    links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
  }
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    l: () => document.getElementById("back")?.click(),
    r: () => document.getElementById("id_reply-text")?.focus(),
    n: () => document.getElementById("id_note-text")?.focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (writing(event.target)) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
})();
