// A live count under a long text. Without this file the limit is still written above the field and checked.

const DELAY_MS = 500;

for (const field of document.querySelectorAll("textarea[data-cn-compteur]")) {
    const maximum = Number(field.dataset.cnCompteur);
    const shown = document.createElement("p");
    shown.className = "fr-hint-text fr-mt-1v";
    shown.setAttribute("aria-hidden", "true");
    // Read out once the person pauses, not at each key.
    const spoken = document.createElement("p");
    spoken.className = "fr-sr-only";
    spoken.setAttribute("role", "status");
    field.after(shown, spoken);

    const sentence = () => {
        const left = maximum - [...field.value.normalize("NFC")].length;
        const plural = Math.abs(left) > 1 ? "s" : "";
        const count = Math.abs(left).toLocaleString("fr-FR");
        return left < 0 ? `${count} caractère${plural} de trop` : `${count} caractère${plural} restant${plural}`;
    };
    let timer;
    field.addEventListener("input", () => {
        shown.textContent = sentence();
        clearTimeout(timer);
        timer = setTimeout(() => (spoken.textContent = sentence()), DELAY_MS);
    });
    shown.textContent = sentence();
}
