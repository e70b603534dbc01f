// The page of the API's operations: Swagger UI, in the colours that the reader's system asks for.
const place = document.querySelector("#swagger-ui");
const dark = matchMedia("(prefers-color-scheme: dark)");

const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  layout: "BaseLayout",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
});
