// Waiting between attempts.

/** Milliseconds before attempt number `failures` + 1: doubling from 1 s to 30 s, half of it random. */
export function backoff(failures: number): number {
  return Math.min(30_000, 1000 * 2 ** Math.max(0, failures - 1)) * (0.5 + Math.random() / 2);
}

/** A sleep that can be cut short. */
export class Nap {
  private wake: (() => void) | undefined;

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.wake = done;
    });
  }

  end(): void {
    this.wake?.();
  }
}
