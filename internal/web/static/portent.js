// Comfort on top of pages that work without it: "/" goes to the search box, and
// a second press on an opener closes its row without asking the server.
"use strict";

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("q").focus();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("a.open[hx-get]");
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const row = opener.closest("tr");
  if (opener.getAttribute("aria-expanded") === "true") {
    event.preventDefault();
    event.stopImmediatePropagation();
    const evidence = row.nextElementSibling;
    if (!evidence || !evidence.classList.contains("evidence")) return; // still on its way
    evidence.remove();
    row.classList.remove("is-open");
    opener.setAttribute("aria-expanded", "false");
    return;
  }
  row.classList.add("is-open");
  opener.setAttribute("aria-expanded", "true");
}, true);
