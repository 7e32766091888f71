// Suggestions for the commune field: an ARIA 1.2 combobox with a listbox popup.
// Without this file the field still works: the server answers an ambiguous text with radio buttons.

const DELAY_MS = 150;

let count = 0;

class CommuneCombobox {
    constructor(root) {
        this.root = root;
        this.input = root.querySelector("input[type='text']");
        this.options = [];
        this.active = -1;
        this.listId = `${this.input.id || "commune"}-suggestions-${(count += 1)}`;
        this.build();
        this.input.addEventListener("input", () => this.onInput());
        this.input.addEventListener("keydown", (event) => this.onKeydown(event));
        this.input.addEventListener("blur", () => this.close());
    }

    build() {
        this.list = document.createElement("ul");
        this.list.id = this.listId;
        this.list.className = "cn-commune__liste";
        this.list.setAttribute("role", "listbox");
        this.list.setAttribute("aria-label", "Suggestions");
        this.list.hidden = true;
        // Keeps the focus in the input: a click must not close the list before it picks.
        this.list.addEventListener("mousedown", (event) => event.preventDefault());
        this.list.addEventListener("click", (event) => {
            const option = event.target.closest("[role='option']");
            if (option) this.pick([...this.list.children].indexOf(option));
        });
        this.status = document.createElement("p");
        this.status.className = "fr-sr-only";
        this.status.setAttribute("role", "status");
        this.input.after(this.list, this.status);
        this.input.setAttribute("role", "combobox");
        this.input.setAttribute("aria-autocomplete", "list");
        this.input.setAttribute("aria-expanded", "false");
        this.input.setAttribute("aria-controls", this.listId);
        this.input.autocomplete = "off";
    }

    // The text changed: what was picked before no longer counts.
    onInput() {
        this.setCode("");
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.suggest(), DELAY_MS);
    }

    setCode(code) {
        this.root.querySelector("[data-cn-commune-choices]")?.remove();
        let hidden = this.root.querySelector("input[type='hidden']");
        if (!hidden) {
            hidden = document.createElement("input");
            hidden.type = "hidden";
            hidden.name = this.root.dataset.codeName;
            this.root.append(hidden);
        }
        hidden.value = code;
    }

    async suggest() {
        this.request?.abort();
        const text = this.input.value.trim();
        if (!text) {
            this.close();
            return;
        }
        this.request = new AbortController();
        try {
            const response = await fetch(`${this.root.dataset.url}?q=${encodeURIComponent(text)}`, {
                headers: { Accept: "application/json" },
                signal: this.request.signal,
            });
            if (!response.ok) throw new Error(response.statusText);
            this.show((await response.json()).communes);
        } catch {
            // Superseded, or the network is away: the server will resolve the text.
            this.close();
        }
    }

    show(communes) {
        if (document.activeElement !== this.input) return;
        this.options = communes;
        this.active = -1;
        this.list.replaceChildren(...communes.map((commune, index) => this.renderOption(commune, index)));
        this.list.hidden = communes.length === 0;
        this.input.setAttribute("aria-expanded", String(communes.length > 0));
        this.input.removeAttribute("aria-activedescendant");
        this.status.textContent = this.announce(communes.length);
    }

    announce(total) {
        if (total === 0) return "Aucune commune proposée.";
        const plural = total > 1 ? "s" : "";
        return `${total} commune${plural} proposée${plural}. Flèches haut et bas pour choisir, Entrée pour valider.`;
    }

    renderOption(commune, index) {
        const option = document.createElement("li");
        option.id = `${this.listId}-${index}`;
        option.className = "cn-commune__option";
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        const detail = document.createElement("span");
        detail.className = "fr-hint-text";
        detail.textContent = commune.ancien_nom
            ? `${commune.departement}, ancien nom : ${commune.ancien_nom}`
            : commune.departement;
        option.append(`${commune.libelle} `, detail);
        return option;
    }

    onKeydown(event) {
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            if (this.list.hidden) this.suggest();
            else this.move(event.key === "ArrowDown" ? 1 : -1);
        } else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) {
            event.preventDefault();
            this.pick(this.active);
        } else if (event.key === "Escape") {
            // Also what is still on its way: it must not open after being dismissed.
            clearTimeout(this.timer);
            this.request?.abort();
            if (!this.list.hidden) event.preventDefault();
            this.close();
        }
    }

    move(step) {
        const total = this.options.length;
        // From no option at all, down reaches the first and up the last.
        const from = this.active < 0 && step < 0 ? 0 : this.active;
        this.active = (from + step + total) % total;
        [...this.list.children].forEach((option, index) => {
            option.setAttribute("aria-selected", String(index === this.active));
        });
        const current = this.list.children[this.active];
        this.input.setAttribute("aria-activedescendant", current.id);
        current.scrollIntoView({ block: "nearest" });
    }

    pick(index) {
        const commune = this.options[index];
        this.input.value = commune.libelle;
        this.setCode(commune.code);
        this.close();
        this.status.textContent = `${commune.libelle} choisie.`;
        this.input.dispatchEvent(new Event("change", { bubbles: true }));
    }

    close() {
        clearTimeout(this.timer);
        this.request?.abort();
        this.list.hidden = true;
        this.active = -1;
        this.input.setAttribute("aria-expanded", "false");
        this.input.removeAttribute("aria-activedescendant");
        this.status.textContent = "";
    }
}

function enhance(container) {
    container.querySelectorAll("[data-cn-commune]:not([data-cn-commune-ready])").forEach((root) => {
        root.dataset.cnCommuneReady = "";
        new CommuneCombobox(root);
    });
}

enhance(document);
// Forms that htmx brings in later.
document.addEventListener("htmx:load", (event) => enhance(event.target));
