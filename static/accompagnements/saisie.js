// Running totals of the public of an atelier: each sum stays within the participants, the rest is "non communiqué".
// The server and the database check the same; without this module the form works all the same.

import { offerSearch } from "./personnes.js";
import { watch } from "./sensible.js";

const form = document.querySelector("[data-cn-saisie]");

const numberIn = (input) => Math.max(0, Number.parseInt(input?.value ?? "", 10) || 0);
const isAtelier = () => form.elements.type.value === "atelier";

function check(group) {
    const participants = numberIn(form.elements.participants);
    const total = [...group.querySelectorAll("input")].reduce((sum, input) => sum + numberIn(input), 0);
    const message = group.querySelector("[data-cn-total]");
    const over = total - participants;
    if (over > 0) {
        message.textContent = `Total : ${total} pour ${participants} participants. Retirez-en ${over}.`;
    } else {
        message.textContent = `Total : ${total} sur ${participants}. Non communiqué : ${participants - total}.`;
    }
    message.classList.toggle("fr-message--error", over > 0);
    group.classList.toggle("fr-fieldset--error", over > 0);
    return over <= 0;
}

if (form) {
    watch(form);
    for (const box of form.querySelectorAll("[data-cn-personnes]")) offerSearch(box.querySelector("select"));
    const groups = [...form.querySelectorAll("[data-cn-group]")];
    const checkAll = () => groups.filter((group) => !check(group));
    form.addEventListener("input", () => isAtelier() && checkAll());
    form.addEventListener("submit", (event) => {
        const [wrong] = isAtelier() ? checkAll() : [];
        if (wrong) {
            event.preventDefault();
            wrong.querySelector("input").focus();
        }
    });
    if (isAtelier()) {
        checkAll();
    }
}
