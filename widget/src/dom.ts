// Building nodes: attributes, listeners and text only.

type Attributes = Record<string, string | boolean | ((event: Event) => void)>;

/** An element; `onclick` and the like become listeners, true an empty attribute, false none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export function button(text: string, look: string, press: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: look, onclick: press }, text);
}

/** Sets the text only when it differs, so that nothing is laid out or read anew without need. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A phone link, or nothing when it is no number. */
export function phoneLink(number: string, text: string, look: string): HTMLAnchorElement[] {
  const digits = number.normalize("NFKC").replace(/[^\d+#*]/g, "");
  return digits ? [h("a", { href: `tel:${digits}`, class: look }, text)] : [];
}

/** Text with its https addresses as links. */
export function linked(text: string): (Node | string)[] {
  return text.split(/(https:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]*[\w\-/#=&])/).map((part, index) =>
    index % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part,
  );
}

/** True on phones and tablets: no hover, a finger for a pointer. */
export const isTouch = (): boolean => matchMedia("(hover: none) and (pointer: coarse)").matches;
