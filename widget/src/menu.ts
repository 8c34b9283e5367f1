// What can be done with the whole conversation, behind one button.
import type { Conversation } from "./conversation";
import { button, h, setText } from "./dom";
import { contact } from "./notice";
import { T } from "./texts";
import { hand, print, save } from "./transcript";

export class Menu {
  readonly toggle = button(T.menu, "plain-button", () => (this.isOpen ? this.close() : this.open()));
  readonly list = h("div", { id: "menu", class: "menu", hidden: true });
  private readonly problem = h("p", { class: "problem", hidden: true });

  constructor(
    private readonly conversation: Conversation,
    private readonly announce: (text: string) => void,
    private readonly askToClear: () => void,
    private readonly askToErase: () => void,
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
      button(T.record, "row", () => void this.receive("html")),
      button(T.recordData, "row", () => void this.receive("json")),
      this.problem,
      button(T.clear, "row", this.askToClear),
      button(T.erase, "row", this.askToErase),
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
    this.complain(T.printBlocked);
  }

  private async receive(form: "html" | "json"): Promise<void> {
    const file = await this.conversation.record(form);
    if (typeof file === "string") return this.complain(file || T.recordFailed);
    hand(this.conversation.about?.clinic ?? "", form, file);
  }

  private complain(text: string): void {
    setText(this.problem, text);
    this.problem.hidden = false;
    this.announce(text);
  }
}

/** The question before the history is cleared. */
export function clearQuestion(yes: () => void, no: () => void): HTMLElement {
  return question(T.clearTitle, T.clearText, button(T.clearYes, "danger", yes), no);
}

/** The question before the desk erases the conversation; what it answers is shown below. */
export function eraseQuestion(
  erase: () => Promise<{ isDone: boolean; told: string }>,
  done: (told: string) => void,
  no: () => void,
): HTMLElement {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const yes = button(T.eraseYes, "danger", () => void press());
  const press = async (): Promise<void> => {
    if (yes.getAttribute("aria-disabled") === "true") return;
    yes.setAttribute("aria-disabled", "true");
    const { isDone, told } = await erase();
    yes.removeAttribute("aria-disabled");
    if (isDone) return done(told);
    setText(problem, told || T.eraseFailed);
    problem.hidden = false;
  };
  return question(T.eraseTitle, T.eraseText, yes, no, problem);
}

function question(title: string, text: string, yes: Node, no: () => void, ...more: Node[]): HTMLElement {
  return h(
    "div",
    { class: "question", role: "alertdialog", "aria-labelledby": "question-title", "aria-describedby": "question-text" },
    h(
      "div",
      { class: "question-box" },
      h("h2", { id: "question-title" }, title),
      h("p", { id: "question-text" }, text),
      ...more,
      h("div", { class: "buttons" }, yes, button(T.clearNo, "secondary", no)),
    ),
  );
}
