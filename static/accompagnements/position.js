// « Autour de ma position » and the filters that go with a search around a place. Without this module, or without the
// person's agreement, a commune or an address does as well.

const form = document.querySelector("[data-cn-position]");
const WORDS = {
    1: "Vous n’avez pas donné votre position : cherchez autour d’une commune.",
    2: "Votre position est introuvable pour le moment : cherchez autour d’une commune.",
    3: "Votre position tarde trop : cherchez autour d’une commune.",
};

// About 100 m: nobody needs better, and nobody else is told.
const coarse = (degrees) => degrees.toFixed(3);

// What was chosen in the first form is asked for around the place too.
function takeFilters(target) {
    for (const old of target.querySelectorAll("[data-cn-filtre]")) {
        old.remove();
    }
    for (const [name, value] of new FormData(document.getElementById(target.dataset.cnFiltres))) {
        if (["acces", "service", "ouvert"].includes(name)) {
            const input = Object.assign(document.createElement("input"), { type: "hidden", name, value });
            input.dataset.cnFiltre = "";
            target.append(input);
        }
    }
}

function send({ coords }) {
    form.elements.latitude.value = coarse(coords.latitude);
    form.elements.longitude.value = coarse(coords.longitude);
    takeFilters(form);
    form.submit();
}

for (const around of document.querySelectorAll("[data-cn-filtres]")) {
    around.addEventListener("submit", () => takeFilters(around));
}

if (form && "geolocation" in navigator) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const message = form.querySelector("[data-cn-position-message]");
        message.textContent = "";
        navigator.geolocation.getCurrentPosition(
            send,
            ({ code }) => {
                message.textContent = WORDS[code];
            },
            { maximumAge: 600_000, timeout: 10_000 },
        );
    });
}
