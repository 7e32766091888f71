// Warns, while one types, about what notes must not hold. The server asks again before it saves: `notes.py` says the same.

const NIR = /(?<!\d)(?=([1-478](?:[\s.-]*[0-9AB]){14}(?!\d)))/gi;
const GAP = "[ .\\-\\u00a0\\u202f]?";
const NIR_WITHOUT_KEY = new RegExp(
    `(?<!\\d)[1-478]${GAP}\\d{2}${GAP}(?:0[1-9]|1[0-2]|[2-4]\\d|[5-9]\\d)${GAP}(?:\\d{2}|2[AB])${GAP}\\d{3}${GAP}\\d{3}` +
        `(?!\\d)(?!${GAP}\\d{2}(?!\\d))`,
    "i",
);
const IBAN = /(?<![A-Z0-9])(?=([A-Z]{2}[\s-]?\d{2}(?:[\s-]?[A-Z0-9]){11,60}))/gi;

function hasKey(text) {
    const number = text.toUpperCase().replace(/[^0-9AB]/g, "");
    const digits = number.replace("2A", "19").replace("2B", "18");
    return /^\d{15}$/.test(digits) && 97n - (BigInt(digits.slice(0, 13)) % 97n) === BigInt(digits.slice(13));
}

function leadingIban(text) {
    const compact = text.replace(/[\s-]/g, "").toUpperCase();
    for (let length = 15; length <= Math.min(34, compact.length); length += 1) {
        const number = compact.slice(4, length) + compact.slice(0, 4);
        const digits = number.replace(/[A-Z]/g, (letter) => letter.charCodeAt(0) - 55);
        if (BigInt(digits) % 97n === 1n) return compact.slice(0, length);
    }
    return "";
}

const fold = (text) =>
    text
        .normalize("NFKD")
        .toLowerCase()
        .replace(/\p{M}/gu, "")
        .replace(/[^a-z0-9]+/g, " ")
        .trim();

export function findSensitive(text, health) {
    const found = [];
    const nir = [...text.matchAll(NIR)].find((match) => hasKey(match[1]))?.[1] ?? text.match(NIR_WITHOUT_KEY)?.[0];
    if (nir) found.push(`un numéro de sécurité sociale (« ${nir.trim()} »)`);
    const iban = [...text.matchAll(IBAN)].map((match) => leadingIban(match[1])).find(Boolean);
    if (iban) found.push(`un numéro de compte bancaire (IBAN : « ${iban} »)`);
    const word = fold(text).match(new RegExp(health))?.[0];
    if (word) found.push(`une information de santé (« ${word} »)`);
    return found;
}

export function watch(form) {
    for (const name of ["titre", "notes"]) {
        const input = form.elements[name];
        const warning = document.createElement("p");
        warning.setAttribute("role", "status");
        input.after(warning);
        input.addEventListener("input", () => {
            const found = findSensitive(input.value, form.dataset.cnSante);
            const text = `Ce texte semble contenir ${found.join(" et ")}. Retirez-le s’il s’agit d’une personne.`;
            // Read aloud again only when it says something else.
            if (warning.textContent === (found.length ? text : "")) return;
            warning.textContent = found.length ? text : "";
            warning.className = found.length ? "fr-message fr-message--warning" : "";
        });
    }
}
