// Says that a form is being worked on: checking a large file, or making many drafts, takes seconds.
"use strict";

(() => {
  const words = document.querySelectorAll("[data-working]");
  document.addEventListener("submit", (event) => {
    const word = event.target.querySelector("[data-working]");
    if (word) word.textContent = word.dataset.working;
  });
  window.addEventListener("pageshow", () => words.forEach((word) => { word.textContent = ""; }));
})();
