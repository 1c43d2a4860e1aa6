// Runs a task a moment after it was last asked for, once at a time, and again if it was asked for meanwhile.

export function latest(task, delay) {
  let timer;
  let since = null;
  let again = false;

  async function run() {
    if (since !== null) {
      again = true;
      return;
    }
    since = performance.now();
    again = false;
    try {
      await task();
    } finally {
      since = null;
      if (again) run();
    }
  }

  return {
    ask() {
      clearTimeout(timer);
      timer = setTimeout(run, delay);
    },
    /** For how many milliseconds it has been running. */
    get runningFor() {
      return since === null ? 0 : performance.now() - since;
    },
  };
}
