// The entries made without network: kept on this device, shown, sent when it answers again. The service worker puts
// them there; the server records each once, whatever is sent twice. Nobody else's are shown nor sent.

const box = document.querySelector("[data-cn-attente]");
const form = document.querySelector("[data-cn-saisie]");
const { compte, etat, envoi, saisie, serviceWorker } = box.dataset;
const message = box.querySelector("[data-cn-attente-message]");
const list = box.querySelector("[data-cn-attente-liste]");
const button = box.querySelector("[data-cn-attente-envoyer]");
// What the page goes on saying when there was nothing to send.
let standing = "";

// --- What the device holds

const opened = new Promise((resolve, reject) => {
    const opening = indexedDB.open("cn-accompagnements", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("attente", { keyPath: "uuid" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
});

async function inStore(mode, act) {
    const transaction = (await opened).transaction("attente", mode);
    const request = act(transaction.objectStore("attente"));
    return new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve(request.result);
        transaction.onerror = () => reject(transaction.error);
    });
}

const put = (entry) => inStore("readwrite", (store) => store.put(entry));
const forget = (uuid) => inStore("readwrite", (store) => store.delete(uuid));
const held = async () => {
    const all = await inStore("readonly", (store) => store.getAll());
    return all.filter((entry) => entry.compte === compte).sort((a, b) => a.at - b.at);
};

// --- What is shown

const plural = (count, one, several) => (count > 1 ? `${count} ${several}` : `${count} ${one}`);

function title(entry) {
    const typed = new Map(entry.fields);
    const kinds = { individuel: "Accompagnement individuel", atelier: "Atelier collectif", ponctuel: "Aide ponctuelle" };
    const day = /^\d{4}-\d{2}-\d{2}$/.test(typed.get("date")) ? typed.get("date").split("-").reverse().join("/") : "?";
    return `${kinds[typed.get("type")] ?? "Accompagnement"} du ${day}`;
}

function line(entry) {
    const item = document.createElement("li");
    item.append(title(entry));
    if (!entry.isRefused) return item;
    const reasons = document.createElement("p");
    reasons.className = "fr-message fr-message--error";
    reasons.textContent = `Refusée : ${entry.reasons.join(" ")}`;
    const correct = document.createElement("a");
    correct.className = "fr-link fr-link--sm";
    correct.href = `${saisie}?attente=${encodeURIComponent(entry.uuid)}`;
    correct.textContent = `Corriger : ${title(entry)}`;
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "fr-btn fr-btn--sm fr-btn--tertiary-no-outline";
    drop.textContent = `Abandonner : ${title(entry)}`;
    drop.addEventListener("click", async () => {
        if (window.confirm("Supprimer cette saisie de l’appareil ? Elle n’a pas été enregistrée.")) {
            await forget(entry.uuid);
            await show();
        }
    });
    item.append(reasons, correct, " ", drop);
    return item;
}

async function show() {
    const entries = await held();
    const waiting = entries.filter((entry) => !entry.isRefused).length;
    const refused = entries.length - waiting;
    const parts = [
        waiting && plural(waiting, "saisie en attente d’envoi", "saisies en attente d’envoi"),
        refused && plural(refused, "saisie refusée", "saisies refusées"),
    ];
    box.querySelector("h2").textContent = parts.filter(Boolean).join(", ") || "Saisies de cet appareil";
    list.replaceChildren(...entries.map(line));
    button.classList.toggle("fr-hidden", !waiting);
    box.hidden = !entries.length && !message.textContent;
}

async function tell(text) {
    message.textContent = text;
    await show();
}

// --- What is sent

class Unsent extends Error {}

async function ask(url, options = {}) {
    let response;
    try {
        response = await fetch(url, { redirect: "manual", ...options });
    } catch {
        throw new Unsent("Pas de réseau : vos saisies restent sur cet appareil et partiront à son retour.");
    }
    if (response.type === "opaqueredirect" || response.status === 403 || response.status === 401) {
        throw new Unsent("Votre connexion a expiré : reconnectez-vous. Vos saisies restent sur cet appareil.");
    }
    if (response.status === 409) {
        throw new Unsent("Un autre compte est connecté : vos saisies attendent le vôtre sur cet appareil.");
    }
    if (response.status !== 200 && response.status !== 422) {
        throw new Unsent("Le service ne répond pas : vos saisies restent sur cet appareil, réessayez plus tard.");
    }
    return response.json();
}

async function flush() {
    const before = await held();
    if (!before.length) {
        if (list.children.length) await tell("Vos saisies ont été envoyées depuis un autre onglet.");
        return;
    }
    let sent = 0;
    try {
        const query = new URLSearchParams(before.map((entry) => ["uuid", entry.uuid]));
        const state = await ask(`${etat}?${query}`);
        if (state.compte !== compte) {
            throw new Unsent("Un autre compte est connecté : vos saisies attendent le vôtre sur cet appareil.");
        }
        for (const entry of await held()) {
            if (state.recorded.includes(entry.uuid)) {
                await forget(entry.uuid);
                sent += 1;
            } else if (!entry.isRefused) {
                const body = new URLSearchParams(entry.fields);
                const answer = await ask(envoi, { method: "POST", body, headers: { "X-CSRFToken": state.csrf } });
                if (answer.reasons) {
                    await put({ ...entry, isRefused: true, reasons: answer.reasons });
                } else {
                    await forget(entry.uuid);
                    sent += 1;
                }
            }
        }
        await tell(sent ? plural(sent, "saisie envoyée.", "saisies envoyées.") : standing);
        if (sent && !form) {
            const again = document.createElement("a");
            again.href = window.location.href;
            again.textContent = "Actualiser la liste";
            message.append(" ", again);
        }
    } catch (error) {
        if (!(error instanceof Unsent)) throw error;
        await tell(error.message);
    }
}

// Two tabs of one browser take turns; two devices are the server's business.
const turn = () => (navigator.locks ? navigator.locks.request("cn-envoi", flush) : flush());

// --- The form, filled from the device

function fill(entry) {
    for (const input of form.querySelectorAll("[type=radio], [type=checkbox]")) input.checked = false;
    for (const option of form.querySelectorAll("[multiple] option")) option.selected = false;
    for (const [name, value] of entry.fields) {
        for (const input of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
            if (input.type === "radio" || input.type === "checkbox") {
                if (input.value === value) input.checked = true;
            } else if (input.multiple) {
                for (const option of input.options) option.selected ||= option.value === value;
            } else {
                input.value = value;
            }
            if (value && input.value === value) input.closest("details")?.setAttribute("open", "");
        }
    }
    form.dispatchEvent(new Event("input"));
}

async function fromDevice() {
    const asked = new URLSearchParams(window.location.search).get("attente");
    const entry = asked && (await held()).find(({ uuid }) => uuid === asked);
    if (entry) {
        fill(entry);
        standing = "Corrigez cette saisie, puis enregistrez-la.";
        await tell(standing);
    } else if (form.hasAttribute("data-cn-hors-ligne")) {
        // The page was kept some time ago: its identifier may have served, its day may have passed.
        form.elements.uuid.value = crypto.randomUUID();
        form.elements.date.value = new Date().toLocaleDateString("sv-SE");
        await tell("Vous êtes hors connexion : ce que vous enregistrez est gardé sur cet appareil, et partira au retour du réseau.");
    }
}

async function start() {
    if (form) await fromDevice();
    await show();
    button.addEventListener("click", turn);
    window.addEventListener("online", turn);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && turn());
    if (!form?.hasAttribute("data-cn-hors-ligne")) await turn();
    if ("serviceWorker" in navigator) {
        await navigator.serviceWorker.register(serviceWorker);
        const ready = await navigator.serviceWorker.ready;
        const assets = performance.getEntriesByType("resource").map((resource) => resource.name);
        ready.active.postMessage({ assets });
    }
}

await start();
