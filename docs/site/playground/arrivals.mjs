// What a worker fetches: it is counted while it arrives, and a file that does not arrive is an error with its name.

const fetch = self.fetch.bind(self);
const place = (name) => new URL(name, import.meta.url).href;

/**
 * Puts a `fetch` in the place of the worker's, for all that runs in it.
 *
 * `onarrived` is called with the name of a file and the bytes that have arrived since the last time, `onmissing` with an
 * Error if a file does not arrive: a program that is linked when it starts waits for its files and never says so itself.
 */
export function watch(onarrived, onmissing) {
  self.fetch = async (address, ...options) => {
    const url = typeof address === "string" ? new URL(address, import.meta.url).href : (address.url ?? address.href);
    const name = url.slice(place(".").length);
    const missing = (why) => {
      const failure = new Error(`${name} did not arrive${why}`);
      onmissing(failure);
      return failure;
    };
    const response = await fetch(address, ...options).catch(() => {
      throw missing("");
    });
    if (!response.ok) throw missing(` (${response.status})`);
    const reader = response.body.getReader();
    const body = new ReadableStream({
      async pull(controller) {
        const { done, value } = await reader.read().catch(() => {
          throw missing(" whole");
        });
        if (done) return controller.close();
        onarrived(name, value.length);
        return controller.enqueue(value);
      },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  };
}
