// A long list of followed persons is searched by a few letters. Without this module it is a plain list.

const FEW = 8;

const fold = (text) =>
    text
        .normalize("NFKD")
        .toLowerCase()
        .replace(/\p{M}/gu, "");

export function offerSearch(select) {
    const all = [...select.options];
    if (all.length <= FEW) return;
    const id = `${select.id}_recherche`;
    const label = document.createElement("label");
    label.className = "fr-label fr-text--sm";
    label.htmlFor = id;
    label.textContent = "Chercher un prénom dans la liste";
    const input = document.createElement("input");
    input.id = id;
    input.type = "search";
    input.className = "fr-input fr-mb-1w";
    input.autocomplete = "off";
    const found = document.createElement("p");
    found.className = "fr-sr-only";
    found.setAttribute("role", "status");
    select.before(label, input, found);

    const matching = () => all.filter((option) => option.value && fold(option.text).includes(fold(input.value.trim())));
    input.addEventListener("input", () => {
        const matches = new Set(matching());
        // What is chosen stays in the list, and so does the first line: nobody.
        select.replaceChildren(...all.filter((one) => matches.has(one) || one.selected || !one.value));
        found.textContent = matches.size > 1 ? `${matches.size} personnes` : matches.size ? "1 personne" : "Personne";
    });
    input.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== "ArrowDown") return;
        event.preventDefault();
        const matches = matching();
        if (event.key === "Enter" && matches.length === 1) {
            matches[0].selected = true;
            select.dispatchEvent(new Event("change", { bubbles: true }));
        }
        select.focus();
    });
}
