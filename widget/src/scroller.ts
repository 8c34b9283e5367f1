// Keeps a reader who is at the end of the conversation there, and leaves one who reads further up alone.

const NEAR = 40;
const MARGIN = 8;

export class Scroller {
  private isFollowing = true;
  /** Where follow() has scrolled to: the event of that is not the reader's. */
  private set = 0;
  /** The first new message: the view does not go past its beginning. */
  private anchor: HTMLElement | null = null;
  /** The last new message, until it has been in view. */
  private last: HTMLElement | null = null;

  /** `more` is told whether a new message is below what can be seen. */
  constructor(
    private readonly area: HTMLElement,
    private readonly more: (isBelow: boolean) => void,
  ) {
    area.addEventListener("scroll", () => this.scrolled());
    const sizes = new ResizeObserver(() => this.follow());
    sizes.observe(area);
    for (const child of area.children) sizes.observe(child);
  }

  /** New messages have been added; the view does not go past the beginning of the first. */
  added(first: HTMLElement, last: HTMLElement): void {
    this.last = last;
    if (this.isFollowing) this.anchor ??= first;
    this.follow();
    this.tell();
  }

  /** To the very end: the patient has written, or asks for it. */
  toEnd(): void {
    this.isFollowing = true;
    this.anchor = null;
    this.follow();
  }

  private get end(): number {
    return this.area.scrollHeight - this.area.clientHeight;
  }

  private follow(): void {
    if (!this.isFollowing || !this.area.clientHeight) return;
    const top = this.anchor?.isConnected ? this.anchor.offsetTop - MARGIN : Infinity;
    this.area.scrollTop = Math.min(this.end, top);
    this.set = this.area.scrollTop;
    this.tell();
  }

  private tell(): void {
    const bottom = this.area.scrollTop + this.area.clientHeight;
    if (this.last && this.last.offsetTop < bottom - NEAR) this.last = null;
    this.more(this.last !== null);
  }

  private scrolled(): void {
    if (Math.abs(this.area.scrollTop - this.set) < 2) return;
    this.set = -NEAR;
    this.anchor = null;
    this.isFollowing = this.end - this.area.scrollTop < NEAR;
    this.tell();
  }
}
