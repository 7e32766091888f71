// A form in error: the summary takes the focus, so that it is read first and each of its links is one key away.
document.getElementById("resume-erreurs")?.focus();

// A table wider than its page scrolls: whoever has no mouse must be able to reach it (RGAA 12.8).
const reach = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    // One region a table: what is inside a region already reached needs none of its own.
    if (target.scrollWidth <= target.clientWidth || target.parentElement.closest("[role='region']")) {
      target.removeAttribute("tabindex");
      target.removeAttribute("role");
      target.removeAttribute("aria-label");
      continue;
    }
    target.tabIndex = 0;
    target.setAttribute("role", "region");
    target.setAttribute("aria-label", target.querySelector("caption")?.textContent.trim() ?? "Tableau");
  }
});
for (const container of document.querySelectorAll(".fr-table__container, .fr-table__content")) {
  reach.observe(container);
}

// Nobody is signed in any more: the entry page kept for work without network goes (docs/adr/0018).
if ("caches" in window && !document.querySelector("[data-cn-connecte]")) {
  for (const name of await caches.keys()) {
    if (name.startsWith("cn-saisie-")) await caches.delete(name);
  }
}
