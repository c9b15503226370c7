// Keeps the board honest: asks for changes with the tag it has, says how old the figures are, and
// says so loudly when they can no longer be refreshed.
(() => {
  const board = document.getElementById("board");
  const freshness = document.getElementById("freshness");
  const staleAfter = Number(freshness.dataset.staleAfter) * 1000;
  let seen = Date.now();
  let serverTime = freshness.textContent.replace("As of ", "").trim();

  board.addEventListener("htmx:config:request", (event) => {
    event.detail.ctx.request.headers["If-None-Match"] = `"${board.dataset.tag}"`;
  });

  document.body.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement !== board || ![200, 304].includes(ctx.response.status)) return;
    seen = Date.now();
    serverTime = ctx.response.headers.get("X-Board-Time") ?? serverTime;
    const tag = (ctx.response.headers.get("ETag") ?? "").replace(/^W\/|"/g, "");
    if (tag && tag !== board.dataset.tag) {
      board.dataset.tag = tag;
      document.dispatchEvent(new CustomEvent("board:changed"));
    }
    show();
  });

  function show() {
    const stale = Date.now() - seen > staleAfter;
    const text = stale
      ? `No connection to the server. These figures are from ${serverTime} and may be wrong now.`
      : `As of ${serverTime}`;
    // Written only when it changes, so that a screen reader is not told the same again.
    if (freshness.textContent !== text) freshness.textContent = text;
    freshness.classList.toggle("stale", stale);
    // The clock moves every two seconds; only the loss of the connection is worth speaking.
    freshness.setAttribute("aria-live", stale ? "assertive" : "off");
  }

  freshness.setAttribute("aria-live", "off");
  setInterval(show, 1000);
})();
