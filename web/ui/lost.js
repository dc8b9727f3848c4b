// Says so when not all of the page's files came, as the network changed while
// they were loaded or a proxy had none of them for a moment, and loads the page
// again: once by itself, whenever the network comes back, and on demand. This is
// no module: it works where one is missing.
{
  /** A network that has just changed may need a moment. */
  const PAUSE = 1000;
  const notice = /** @type {HTMLElement} */ (document.querySelector("#lost"));
  const page = /** @type {HTMLElement} */ (document.querySelector("rr-page"));
  const reload = () => location.reload();

  const lose = () => {
    if (notice.classList.contains("shown")) return;
    notice.classList.add("shown");
    notice.querySelector("a")?.addEventListener("click", (event) => {
      event.preventDefault(); // the link would leave what stands behind the # out
      reload();
    });
    window.addEventListener("online", reload);
    const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
    if (navigator.onLine && navigation?.type !== "reload") setTimeout(reload, PAUSE);
  };

  /** @param {EventTarget | null} target what didn't come, or the window for what broke */
  const isNeeded = (target) => {
    if (target instanceof HTMLLinkElement) return target.rel === "stylesheet";
    // What was only to come early is asked for once more when it is needed.
    return page.childElementCount === 0 && !(target instanceof HTMLScriptElement && target.async);
  };
  window.addEventListener("error", ({ target }) => isNeeded(target) && lose(), true);
  // A deferred script runs before the document's modules do, but after its stylesheet.
  const stylesheet = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=stylesheet]"));
  if (!stylesheet.sheet?.cssRules.length) lose();
}
