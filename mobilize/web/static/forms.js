// Shows the fields of the chosen kind of area. Without scripts both kinds are shown, and both work.
(() => {
  const kinds = document.querySelectorAll("[data-area]");
  function choose() {
    const chosen = document.querySelector("input[name=area_form]:checked")?.value;
    for (const part of kinds) part.hidden = part.dataset.area !== chosen;
    document.dispatchEvent(new CustomEvent("area:changed"));
  }
  for (const radio of document.querySelectorAll("input[name=area_form]")) radio.addEventListener("change", choose);
  choose();
})();
