// Reads the settings from the script tag and puts the chat on the page.
import { SoudanChat } from "./element";

const NAME = "soudan-chat";

function mount(script: HTMLScriptElement): void {
  if (customElements.get(NAME)) return;
  customElements.define(NAME, SoudanChat);
  const { clinic = "", open, theme = "auto", position = "right" } = script.dataset;
  const chat = new SoudanChat();
  chat.settings = { base: new URL(script.src).origin, clinic, isOpen: open === "true", theme, position };
  const put = () => document.body.append(chat);
  if (document.body) put();
  else addEventListener("DOMContentLoaded", put);
}

const script = document.currentScript;
if (!(script instanceof HTMLScriptElement) || !script.src)
  throw new Error("soudan-chat: use a classic script tag with src (not type=module, not copied into the page)");
mount(script);
