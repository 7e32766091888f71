// Where a long work is: the page asks for itself until it is done. Without this script, a link does.
const PAUSE = 2000;
const place = document.getElementById("avancement");

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok || answer.redirected) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("avancement");
    // What comes next is another page of the same work: its form, its buttons.
    if (!now?.hasAttribute("data-cn-en-cours")) return location.reload();
    place.querySelector("progress")?.replaceWith(now.querySelector("progress"));
    const [shown, known] = [place, now].map((one) => one.querySelector("[data-cn-pour-cent]"));
    if (shown && known) shown.textContent = known.textContent;
  } catch {
    // No network: it may come back.
  }
  setTimeout(refresh, PAUSE);
}

if (place?.hasAttribute("data-cn-en-cours")) setTimeout(refresh, PAUSE);
