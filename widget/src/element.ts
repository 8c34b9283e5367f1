// <soudan-chat>: the opener, the panel around the conversation, focus and keys.
import { Announcer } from "./announcer";
import { Conversation, type Listener } from "./conversation";
import { button, h, setText } from "./dom";
import { clearQuestion, eraseQuestion, Menu } from "./menu";
import { Notice } from "./notice";
import { followScreen, followTheme } from "./screen";
import { Store } from "./store";
import styles from "./styles.css?inline";
import { Talk } from "./talk";
import { T } from "./texts";
import type { About } from "./wire";

export interface Settings {
  /** Origin of the desk. */
  base: string;
  /** Keeps several clinics on one site apart. */
  clinic: string;
  isOpen: boolean;
  theme: string;
  position: string;
}

export class SoudanChat extends HTMLElement {
  settings: Settings = { base: location.origin, clinic: "", isOpen: false, theme: "auto", position: "right" };
  private readonly announcer = new Announcer();
  private readonly screen = new CSSStyleSheet();
  private readonly unread = h("span", { class: "unread", hidden: true });
  private readonly opener = h(
    "button",
    { type: "button", class: "opener", "aria-expanded": "false", "aria-controls": "panel", onclick: () => this.toggle() },
    h("span", {}, T.opener),
    this.unread,
  );
  private readonly heading = h("h2", { id: "title" }, T.defaultName);
  private readonly clinic = h("span");
  private readonly demo = h("span", { class: "demo", hidden: true }, T.demo);
  private readonly closer = button(T.close, "plain-button", () => this.close());
  private readonly body = h("div", { class: "body" });
  private readonly panel = h("div", {
    id: "panel",
    class: "panel",
    role: "dialog",
    "aria-labelledby": "title",
    hidden: true,
    onkeydown: (event) => this.pressed(event as KeyboardEvent),
  });
  private readonly root = h("div", { class: "root", lang: "ja" }, this.opener, this.panel, this.announcer.node);
  private readonly undo: (() => void)[] = [];
  private conversation!: Conversation;
  private menu!: Menu;
  private frame!: HTMLElement;
  private notice: Notice | null = null;
  private talk: Talk | null = null;
  private question: HTMLElement | null = null;
  /** What was done to the conversation that has just ended, for who comes back to the notice. */
  private done = "";
  private round = 0;
  private isFull = false;

  connectedCallback(): void {
    if (!this.shadowRoot) this.build();
    const { theme } = this.settings;
    this.undo.push(
      followScreen(this.screen, (isFull) => this.fill(isFull)),
      followTheme(theme, (isDark) => this.root.classList.toggle("dark", isDark)),
      () => this.conversation.disconnect(),
    );
    const seen = () => this.see();
    document.addEventListener("visibilitychange", seen);
    this.undo.push(() => document.removeEventListener("visibilitychange", seen));
    this.conversation.connect();
    // Nobody has asked for it yet: the focus stays where it is.
    if (this.settings.isOpen) this.open();
  }

  disconnectedCallback(): void {
    this.undo.splice(0).forEach((undo) => undo());
  }

  private build(): void {
    const { base, clinic, position } = this.settings;
    const shadow = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    shadow.adoptedStyleSheets = [sheet, this.screen];
    this.root.classList.toggle("left", position === "left");
    this.conversation = new Conversation(base, clinic, new Store(clinic), this.listener());
    const say = (text: string) => this.announcer.say(text);
    this.menu = new Menu(this.conversation, say, () => this.askToClear(), () => this.askToErase());
    const names = h("div", { class: "names" }, this.heading, h("p", {}, this.clinic, this.demo));
    const head = h("div", { class: "head" }, names, this.menu.toggle, this.menu.list, this.closer);
    this.frame = h("div", { class: "frame" }, head, this.body);
    this.panel.append(this.frame);
    shadow.append(this.root);
  }

  private listener(): Listener {
    return {
      phaseChanged: () => this.show(),
      entriesCame: (entries, isNews) => {
        this.talk?.add(entries, isNews);
        const others = entries.filter((entry) => entry.author !== "patient");
        if (isNews && others.length) {
          if (!this.panel.hidden) this.announcer.sayEntries(others);
          else this.announcer.say(others.some(({ urgent }) => urgent) ? T.urgentWhileClosed : T.newWhileClosed);
        }
        this.see();
        this.showUnread();
      },
      stateChanged: (before) => this.talk?.showState(before),
      outgoingChanged: () => this.talk?.showOutgoing(),
      linkChanged: () => this.talk?.showLink(),
      unreadChanged: () => this.showUnread(),
      urgentCame: ({ blocks }) => {
        const text = `${T.urgent}。${blocks.map((block) => block.text).join("\n")}`;
        this.announcer.say(this.panel.hidden ? T.urgentWhileClosed : text);
      },
      messageFailed: (message) => this.announcer.say(T.failed(message.failed ?? "")),
    };
  }

  private toggle(): void {
    if (!this.panel.hidden) return this.close();
    this.open();
    this.focusInside();
  }

  private open(): void {
    this.panel.hidden = false;
    this.opener.setAttribute("aria-expanded", "true");
    this.root.classList.add("open");
    // A modal dialog hides what is outside it from people who listen.
    this.panel.append(this.announcer.node);
    void this.conversation.open();
    this.see();
  }

  private close(): void {
    this.closeQuestion();
    this.menu.close();
    this.panel.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    this.root.classList.remove("open");
    this.root.append(this.announcer.node);
    this.opener.focus();
  }

  private see(): void {
    if (!this.panel.hidden && document.visibilityState === "visible") this.conversation.see();
  }

  private showUnread(): void {
    const { unread } = this.conversation;
    const words = unread.some(({ urgent }) => urgent) ? T.unreadUrgent : T.unread;
    setText(this.unread, words(unread.length));
    this.unread.hidden = !unread.length;
  }

  private fill(isFull: boolean): void {
    this.isFull = isFull;
    this.panel.classList.toggle("full", isFull);
    this.root.classList.toggle("covered", isFull);
    if (isFull) this.panel.setAttribute("aria-modal", "true");
    else this.panel.removeAttribute("aria-modal");
  }

  /** Puts what belongs to the phase into the panel. */
  private show(): void {
    const { about, phase } = this.conversation;
    setText(this.heading, about?.name ?? T.defaultName);
    setText(this.clinic, about?.clinic ?? "");
    this.demo.hidden = !about?.demo;
    this.menu.toggle.hidden = phase !== "talking";
    if (phase === "talking") this.showTalk();
    else {
      this.talk = null;
      this.closeQuestion();
      this.menu.close();
      if (phase === "idle" && !this.panel.hidden) return void this.conversation.open();
      if (phase === "notice" && about) this.showNotice(about);
      else this.replace(phase === "unreachable" ? this.unreachable() : h("p", { class: "loading" }, T.loading));
    }
  }

  private showTalk(): void {
    const { about, round } = this.conversation;
    if (!this.talk || this.round !== round) {
      this.round = round;
      this.talk = new Talk(this.conversation, this.announcer);
      this.replace(this.talk.node);
    }
    if (about) this.talk.composer.most = about.max_length;
  }

  private showNotice(about: About): void {
    if (this.notice) return;
    const say = (text: string) => this.announcer.say(text);
    const notice = new Notice(this.conversation, about, say, () => this.close());
    if (this.done) notice.tell(this.done);
    this.done = "";
    this.replace(notice.node, notice);
  }

  private unreachable(): HTMLElement {
    const retry = button(T.tryAgain, "primary", () => void this.conversation.open());
    this.announcer.say(T.unreachable);
    return h("div", { class: "loading" }, h("p", {}, T.unreachable), retry);
  }

  private replace(node: HTMLElement, notice: Notice | null = null): void {
    const hasFocus = this.panel.contains(this.shadowRoot?.activeElement ?? null);
    this.notice = notice;
    this.body.replaceChildren(node);
    if (hasFocus) this.focusInside();
  }

  private focusInside(): void {
    if (this.talk) this.talk.focus();
    else if (this.notice) this.notice.focus();
    else (this.body.querySelector("button") ?? this.closer).focus({ preventScroll: true });
  }

  private askToClear(): void {
    const clear = () => {
      this.closeQuestion();
      this.conversation.forget();
      this.announcer.say(T.cleared);
    };
    this.ask(clearQuestion(clear, () => this.dropQuestion()));
  }

  private askToErase(): void {
    const done = (told: string) => {
      this.closeQuestion();
      // The notice comes when the desk has said what it is.
      this.done = told;
      this.notice?.tell(told);
      this.announcer.say(told);
    };
    this.ask(eraseQuestion(() => this.conversation.erase(), done, () => this.dropQuestion()));
  }

  private dropQuestion(): void {
    this.closeQuestion();
    this.menu.toggle.focus();
  }

  private ask(question: HTMLElement): void {
    this.menu.close();
    this.question = question;
    this.frame.inert = true;
    this.panel.append(question);
    question.querySelector<HTMLElement>(".secondary")?.focus();
  }

  private closeQuestion(): void {
    this.question?.remove();
    this.question = null;
    this.frame.inert = false;
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Tab" && (this.isFull || this.question)) this.keepInside(event);
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (this.question) {
      this.closeQuestion();
      this.menu.toggle.focus();
    } else if (this.menu.isOpen) {
      this.menu.close();
      this.menu.toggle.focus();
    } else this.close();
  }

  /** Tab goes round inside what covers the rest. */
  private keepInside(event: KeyboardEvent): void {
    const scope = this.question ?? this.panel;
    const stops = [...scope.querySelectorAll<HTMLElement>("a, button, input, textarea, [tabindex='0']")].filter(
      (node) => node.getClientRects().length,
    );
    const from = event.shiftKey ? stops[0] : stops.at(-1);
    if (this.shadowRoot?.activeElement !== from) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }
}
