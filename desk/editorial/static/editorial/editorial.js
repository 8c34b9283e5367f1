// Picking sources: the list is narrowed by words, and what is chosen stands above it.
"use strict";

(() => {
  document.querySelectorAll("[data-narrows]").forEach((input) => {
    const labels = document.getElementById(input.dataset.narrows).querySelectorAll("label");
    input.addEventListener("input", (event) => {
      event.stopPropagation(); // it is no change of the answer
      const words = input.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
      labels.forEach((label) => {
        const text = label.textContent.normalize("NFKC").toLowerCase();
        const chosen = label.querySelector("input").checked;
        label.hidden = !chosen && !words.every((word) => text.includes(word));
      });
    });
  });
  document.querySelectorAll("[data-chosen]").forEach((place) => {
    const list = place.closest("fieldset");
    list.addEventListener("change", () => {
      const chosen = [...list.querySelectorAll("input:checked")].map((input) => input.value);
      place.textContent = chosen.join("・") || "なし";
    });
  });
})();
