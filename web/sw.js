/**
 * The service worker: it has the page where the network doesn't. It keeps one
 * version of the page, whose files are named here by the server, so that with
 * another version this is another worker.
 *
 * A server that answers is always asked first: what is kept is shown only where
 * no answer comes. It keeps nothing but the page's files, and has no part in
 * what else the page asks for.
 *
 * This is no module: not every browser runs one as a service worker.
 */
{
  const ASSETS = "{{.Assets}}";
  const FILES = "{{.Files}}".split(" ");
  /** One page, at all of its places. */
  const PAGE = "/";
  const PLACES = /^\/(t\/[^/]+|setup|invite|admin|check)?$/;

  const PREFIX = "redroom ";
  const CACHE = PREFIX + ASSETS;
  /** How long a server has for its page, in ms. */
  const PATIENCE = 3_000;
  /** What a proxy says whose server is away. */
  const AWAY = [429, 502, 503, 504];

  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

  worker.addEventListener("install", (event) => {
    void worker.skipWaiting();
    event.waitUntil(keep());
    route(event)?.catch(() => {}); // it is only the shorter way
  });

  worker.addEventListener("activate", (event) => event.waitUntil(begin()));

  worker.addEventListener("fetch", (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (origin !== location.origin || request.method !== "GET") return;
    if (request.mode === "navigate" && PLACES.test(pathname)) event.respondWith(navigate(event));
    else if (pathname.startsWith(`${ASSETS}/`)) event.respondWith(load(request));
  });

  /** Whoever presses a notice is brought to what it is about. */
  worker.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(bring(event.notification.data ?? {}));
  });

  /** @param {Partial<Record<"name" | "topic" | "seq", unknown>>} place */
  async function bring({ name, topic, seq }) {
    const open = await worker.clients.matchAll({ type: "window" });
    const room = open.find((client) => client.visibilityState === "visible") ?? open[0];
    if (!room) {
      await worker.clients.openWindow(`/t/${topic}#${seq}`);
      return;
    }
    await room.focus().catch(() => {}); // a browser may not let it
    room.postMessage({ type: "notice", name, topic, seq });
  }

  /** @typedef {object} Route @property {object} condition @property {"network" | { cacheName: string }} source */

  /**
   * Has the browser do by itself what needs no thought here, where it can: it
   * goes on without waiting for this worker to start.
   * @param {ExtendableEvent & { addRoutes?: (routes: Route[]) => Promise<void> }} event
   */
  function route(event) {
    return event.addRoutes?.([
      { condition: { urlPattern: `${ASSETS}/*` }, source: { cacheName: CACHE } },
      { condition: { urlPattern: "/api/*" }, source: "network" },
    ]);
  }

  /** Keeps the page, all of it or nothing. The browser has most of it from the page that is open. */
  async function keep() {
    const page = await fetch(PAGE);
    if (!page.ok || !(await page.clone().text()).includes(`"${ASSETS}/`)) throw new Error("the server has another page by now");
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES.map((file) => `${ASSETS}/${file}`));
    await cache.put(PAGE, page);
  }

  async function begin() {
    await worker.registration.navigationPreload?.enable();
    for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
    await worker.clients.claim();
  }

  /**
   * The page as the server has it; the one that is kept where there is no answer.
   * @param {FetchEvent} event
   */
  async function navigate(event) {
    const asked = ask(event);
    // Also while it comes too late: a browser complains of a preload that nobody waits for.
    event.waitUntil(asked.catch(() => {}));
    const kept = await caches.match(PAGE, { cacheName: CACHE });
    if (!kept) return asked;
    const answer = await Promise.race([asked.catch(() => null), pause(PATIENCE)]);
    return answer && !AWAY.includes(answer.status) ? answer : kept;
  }

  /**
   * @param {FetchEvent} event
   * @returns {Promise<Response>}
   */
  async function ask(event) {
    return (await event.preloadResponse) ?? fetch(event.request);
  }

  /** @param {Request} request */
  async function load(request) {
    return (await caches.match(request, { cacheName: CACHE })) ?? fetch(request);
  }

  /**
   * @param {number} ms
   * @returns {Promise<null>}
   */
  function pause(ms) {
    return new Promise((resolve) => setTimeout(() => resolve(null), ms));
  }
}
