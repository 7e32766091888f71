// Entries without network. It keeps one page, the one to enter with, and what that page is drawn with; never a list.
// Everything is asked of the network first: what is kept only serves when nothing answers.

const CACHE = "cn-saisie-{{ version|escapejs }}";
const ENTRY = "{% url 'accompagnements:create' %}";
const ASSETS = "{{ static_url|escapejs }}";
// A proxy whose application is away answers these: the entry was not received.
const AWAY = [502, 503, 504];

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
    event.waitUntil(
        caches
            .keys()
            .then((names) => names.filter((name) => name.startsWith("cn-saisie-") && name !== CACHE))
            .then((old) => Promise.all(old.map((name) => caches.delete(name))))
            .then(() => self.clients.claim()),
    );
});

self.addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (url.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
        if (url.pathname === ENTRY) {
            event.respondWith(request.method === "POST" ? send(request) : open(request, url));
        } else if (request.method === "GET") {
            event.respondWith(fetch(request).catch(elsewhere));
        }
    } else if (request.method === "GET" && url.pathname.startsWith(ASSETS)) {
        event.respondWith(asset(request));
    }
});

// What the first page was drawn with arrived before this worker did.
self.addEventListener("message", (event) => {
    event.waitUntil(prepare(event.data.assets));
});

async function prepare(assets) {
    const cache = await caches.open(CACHE);
    const own = assets.filter((url) => url.startsWith(self.location.origin + ASSETS));
    await Promise.all(own.map(async (url) => (await cache.match(url)) ?? cache.add(url).catch(() => null)));
    if (!(await cache.match(ENTRY))) {
        await fetch(ENTRY).then(keep, () => null);
    }
}

async function open(request, url) {
    try {
        const response = await fetch(request);
        if (url.search === "") await keep(response.clone());
        return response;
    } catch {
        return shell();
    }
}

async function keep(response) {
    if (!response.ok || response.redirected) return;
    // Who is followed is read from the server only: no name stays on a device.
    const page = (await response.text()).replace(/<!-- personnes -->[^]*?<!-- fin des personnes -->/g, "");
    if (!page.includes("data-cn-saisie")) return;
    const headers = new Headers();
    for (const name of ["Content-Type", "Content-Security-Policy"]) {
        if (response.headers.has(name)) headers.set(name, response.headers.get(name));
    }
    const cache = await caches.open(CACHE);
    await cache.put(ENTRY, new Response(page, { headers }));
}

async function shell() {
    const kept = await caches.match(ENTRY);
    if (!kept) return Response.error();
    const page = (await kept.text()).replace("data-cn-saisie", "data-cn-hors-ligne data-cn-saisie");
    return new Response(page, { headers: kept.headers });
}

async function elsewhere() {
    return (await caches.match(ENTRY)) ? Response.redirect(ENTRY, 302) : Response.error();
}

async function asset(request) {
    const cache = await caches.open(CACHE);
    try {
        const response = await fetch(request);
        if (response.status === 200) await cache.put(request, response.clone());
        return response;
    } catch {
        return (await cache.match(request)) ?? Response.error();
    }
}

async function send(request) {
    const copy = request.clone();
    try {
        const response = await fetch(request);
        if (!AWAY.includes(response.status)) return response;
    } catch {
        // Kept below.
    }
    await store(await copy.formData());
    return Response.redirect(`${ENTRY}?gardee=1`, 303);
}

function store(form) {
    const fields = [...form].filter(([name]) => name !== "csrfmiddlewaretoken");
    const entry = {
        uuid: form.get("uuid"),
        compte: form.get("compte"),
        fields,
        at: Date.now(),
        isRefused: false,
        reasons: [],
    };
    return new Promise((resolve, reject) => {
        const opening = indexedDB.open("cn-accompagnements", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore("attente", { keyPath: "uuid" });
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
            const writing = opening.result.transaction("attente", "readwrite");
            writing.objectStore("attente").put(entry);
            writing.oncomplete = () => {
                opening.result.close();
                resolve();
            };
            writing.onerror = () => reject(writing.error);
        };
    });
}
