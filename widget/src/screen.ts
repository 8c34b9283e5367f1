// How the panel lies on the screen: full on phones, above the keyboard; floating elsewhere.

const SMALL = "(max-width: 600px), (max-height: 480px)";

/** Follows the screen; `sheet` carries the visible height, `changed` hears whether the panel is full. Returns the undoing. */
export function followScreen(sheet: CSSStyleSheet, changed: (isFull: boolean) => void): () => void {
  const query = matchMedia(SMALL);
  const viewport = window.visualViewport;
  const resized = () => {
    changed(query.matches);
    const isPinched = !viewport || Math.abs(viewport.scale - 1) > 0.01;
    const { height, offsetTop } = viewport ?? { height: 0, offsetTop: 0 };
    sheet.replaceSync(isPinched ? "" : `.panel.full{height:${height}px;top:${offsetTop}px}`);
  };
  resized();
  query.addEventListener("change", resized);
  viewport?.addEventListener("resize", resized);
  viewport?.addEventListener("scroll", resized);
  return () => {
    query.removeEventListener("change", resized);
    viewport?.removeEventListener("resize", resized);
    viewport?.removeEventListener("scroll", resized);
  };
}

/** Tells now and at every change whether the theme is dark. Returns the undoing. */
export function followTheme(theme: string, changed: (isDark: boolean) => void): () => void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const tell = () => changed(theme === "dark" || (theme !== "light" && query.matches));
  tell();
  query.addEventListener("change", tell);
  return () => query.removeEventListener("change", tell);
}
