// What can be done with the whole conversation, behind one button.
import type { Conversation } from "./conversation";
import { button, h, setText } from "./dom";
import { contact } from "./notice";
import { T } from "./texts";
import { print, save } from "./transcript";

export class Menu {
  readonly toggle = button(T.menu, "plain-button", () => (this.isOpen ? this.close() : this.open()));
  readonly list = h("div", { id: "menu", class: "menu", hidden: true });
  private readonly problem = h("p", { class: "problem", hidden: true });

  constructor(
    private readonly conversation: Conversation,
    private readonly announce: (text: string) => void,
    private readonly askToClear: () => void,
  ) {
    this.toggle.setAttribute("aria-expanded", "false");
    this.toggle.setAttribute("aria-controls", "menu");
    this.toggle.hidden = true;
  }

  get isOpen(): boolean {
    return !this.list.hidden;
  }

  close(): void {
    this.list.hidden = true;
    this.toggle.setAttribute("aria-expanded", "false");
  }

  private open(): void {
    const { about } = this.conversation;
    this.problem.hidden = true;
    this.list.replaceChildren(
      button(T.save, "row", () => this.save()),
      button(T.print, "row", () => this.print()),
      this.problem,
      button(T.clear, "row", this.askToClear),
      h("p", { class: "hint" }, T.sharedHint),
      ...(about ? [contact(about)] : []),
    );
    this.list.hidden = false;
    this.toggle.setAttribute("aria-expanded", "true");
  }

  private save(): void {
    const { about, entries } = this.conversation;
    if (about) save(about, entries);
  }

  private print(): void {
    const { about, entries } = this.conversation;
    if (!about || print(about, entries)) return;
    setText(this.problem, T.printBlocked);
    this.problem.hidden = false;
    this.announce(T.printBlocked);
  }
}

/** The question before the history is cleared. */
export function clearQuestion(yes: () => void, no: () => void): HTMLElement {
  return h(
    "div",
    { class: "question", role: "alertdialog", "aria-labelledby": "clear-title", "aria-describedby": "clear-text" },
    h(
      "div",
      { class: "question-box" },
      h("h2", { id: "clear-title" }, T.clearTitle),
      h("p", { id: "clear-text" }, T.clearText),
      h("div", { class: "buttons" }, button(T.clearYes, "danger", yes), button(T.clearNo, "secondary", no)),
    ),
  );
}
