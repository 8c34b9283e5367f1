// What a patient reads and agrees to before anything is stored or sent.
import type { Conversation } from "./conversation";
import { button, h, phoneLink, setText } from "./dom";
import { T } from "./texts";
import type { About } from "./wire";

export class Notice {
  readonly node: HTMLElement;
  private readonly consent = button(T.consent, "primary", () => void this.agree());
  private readonly shared = h("input", { type: "checkbox", id: "shared" });
  private readonly problem = h("p", { class: "problem", id: "notice-problem", hidden: true });

  constructor(
    private readonly conversation: Conversation,
    about: About,
    private readonly announce: (text: string) => void,
    decline: () => void,
  ) {
    this.consent.setAttribute("aria-describedby", "notice");
    const { isLapsed, store } = conversation;
    const text = h(
      "div",
      { class: "notice-text", role: "region", "aria-label": T.noticeTitle, tabindex: "0" },
      h("h3", {}, T.noticeTitle),
      ...(isLapsed ? [h("p", { class: "remark" }, T.ended)] : []),
      h("p", { class: "plain", id: "notice" }, about.notice),
      ...(store.isKept ? [] : [h("p", { class: "remark" }, T.noStorage)]),
      contact(about),
    );
    const choice = h("label", { class: "check", for: "shared" }, this.shared, h("span", {}, T.shared));
    const buttons = h("div", { class: "buttons" }, this.consent, button(T.decline, "secondary", decline));
    const foot = h("div", { class: "notice-foot" }, ...(store.isKept ? [choice] : []), this.problem, buttons);
    this.node = h("div", { class: "notice" }, text, foot);
  }

  /** Says above the notice what has just been done. */
  tell(text: string): void {
    this.node.querySelector(".notice-text")?.prepend(h("p", { class: "remark" }, text));
  }

  focus(): void {
    this.consent.focus({ preventScroll: true });
  }

  private async agree(): Promise<void> {
    if (this.consent.getAttribute("aria-disabled") === "true") return;
    this.consent.setAttribute("aria-disabled", "true");
    setText(this.consent, T.beginning);
    const problem = await this.conversation.consent(this.shared.checked);
    this.consent.removeAttribute("aria-disabled");
    setText(this.consent, T.consent);
    setText(this.problem, problem);
    this.problem.hidden = !problem;
    if (problem) this.announce(problem);
  }
}

/** Phone number and opening hours of the clinic. */
export function contact({ phone, hours }: About): HTMLElement {
  const lines = phone ? phoneLink(phone, T.phone(phone), "link") : [];
  return h("p", { class: "contact" }, ...lines, ...(hours ? [h("span", {}, T.hours(hours))] : []));
}
