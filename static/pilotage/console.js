// Swagger UI in the page, from the document of this very site. Nothing is kept: a token typed here goes with the page.
const place = document.getElementById("console");
window.SwaggerUIBundle({
    url: place.dataset.url,
    domNode: place,
    presets: [window.SwaggerUIBundle.presets.apis],
    deepLinking: false,
    persistAuthorization: false,
    validatorUrl: null,
});
