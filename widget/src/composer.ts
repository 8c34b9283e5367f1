// Where the patient writes.
import { button, h, isTouch, setText } from "./dom";
import { clean, length } from "./format";
import { T } from "./texts";

const MOST_ROWS = 5;

export interface ComposerActions {
  send(text: string): void;
  askForPerson(): void;
  announce(text: string): void;
}

export class Composer {
  readonly field = h("textarea", {
    id: "field",
    rows: "1",
    placeholder: T.placeholder,
    "aria-describedby": "count problem",
    enterkeyhint: "enter",
    autocomplete: "off",
    oninput: () => this.changed(),
    onkeydown: (event) => this.pressed(event as KeyboardEvent),
    oncompositionend: () => this.composed(),
  });
  readonly node: HTMLElement;
  most = 1000;
  private readonly count = h("p", { id: "count", class: "count", hidden: true });
  private readonly problem = h("p", { id: "problem", class: "problem", hidden: true });
  private readonly person = button(T.person, "secondary person-button", () => this.askForPerson());
  private hasJustComposed = false;

  constructor(private readonly actions: ComposerActions) {
    const submit = (event: Event) => {
      event.preventDefault();
      this.send();
    };
    const send = h("button", { type: "submit", class: "primary" }, T.send);
    this.node = h(
      "div",
      { class: "composer" },
      h("form", { onsubmit: submit }, h("label", { for: "field", class: "unseen" }, T.field), this.field, send),
      this.count,
      this.problem,
      this.person,
    );
  }

  /** While a request for a person is on its way there cannot be another. */
  set isAskingForPerson(isAsking: boolean) {
    this.person.setAttribute("aria-disabled", String(isAsking));
  }

  private askForPerson(): void {
    if (this.person.getAttribute("aria-disabled") !== "true") this.actions.askForPerson();
  }

  /** Safari ends the composition before the keydown of the Enter that confirmed it, in the same task. */
  private composed(): void {
    this.hasJustComposed = true;
    setTimeout(() => (this.hasJustComposed = false));
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || isTouch()) return;
    if (event.isComposing || event.keyCode === 229 || this.hasJustComposed) return;
    event.preventDefault();
    if (!event.repeat) this.send();
  }

  private send(): void {
    const text = clean(this.field.value);
    if (!text) return this.field.focus();
    if (length(text) > this.most) {
      this.actions.announce(T.tooLong(this.most));
      return this.field.focus();
    }
    // Some keyboards write an unfinished word back into a field that is emptied under them; leaving it finishes the word.
    if (isTouch()) this.field.blur();
    this.field.value = "";
    this.changed();
    this.field.focus();
    this.actions.send(text);
  }

  private changed(): void {
    const size = length(clean(this.field.value));
    const isTooLong = size > this.most;
    if (isTooLong && this.problem.hidden) this.actions.announce(T.tooLong(this.most));
    setText(this.count, T.count(size, this.most));
    setText(this.problem, isTooLong ? T.tooLong(this.most) : "");
    this.count.hidden = size <= this.most * 0.9;
    this.problem.hidden = !isTooLong;
    this.field.setAttribute("aria-invalid", String(isTooLong));
    this.grow();
  }

  private grow(): void {
    const { field } = this;
    field.rows = 1;
    while (field.rows < MOST_ROWS && field.scrollHeight > field.clientHeight + 1) field.rows += 1;
  }
}
