// Runs a task a moment after it was last asked for, once at a time, and again if it was asked for meanwhile.

export function latest(task, delay) {
  let timer;
  let isRunning = false;
  let again = false;

  async function run() {
    if (isRunning) {
      again = true;
      return;
    }
    isRunning = true;
    again = false;
    try {
      await task();
    } finally {
      isRunning = false;
      if (again) run();
    }
  }

  return {
    ask() {
      clearTimeout(timer);
      timer = setTimeout(run, delay);
    },
  };
}
