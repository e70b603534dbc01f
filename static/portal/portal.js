// Comfort only: without this file every page still works. Values can be selected and copied by
// hand, confirmations are pages of their own, menus are popovers of the browser.

function say(text, tone) {
  const region = document.getElementById("toasts");
  if (!region) return;
  const toast = document.createElement("div");
  toast.className = tone === "bad" ? "toast bad" : "toast";
  toast.textContent = text;
  region.append(toast);
  setTimeout(() => toast.remove(), 5000);
}

async function copy(button) {
  const source = button.closest("[data-copy-root]")?.querySelector("code, pre");
  if (!source) return;
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    say("Copied");
  } catch {
    getSelection().selectAllChildren(source);
    say("Selected. Copy it with your keyboard.");
  }
}

// A link to a confirmation page shows that page's form in a dialog instead.
async function ask(link) {
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = page.getElementById("confirm");
  if (!answer.ok || answer.redirected || !form) {
    location.assign(link.href);
    return;
  }
  if (!form.getAttribute("action")) form.setAttribute("action", link.href);
  form.classList.remove("inline");
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "confirm-title");
  dialog.append(document.adoptNode(form));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  const link = event.target.closest("a[data-dialog]");
  if (link && plain) {
    event.preventDefault();
    ask(link).catch(() => location.assign(link.href));
  }
  const cancel = event.target.closest("dialog [data-cancel]");
  if (cancel) {
    event.preventDefault();
    cancel.closest("dialog").close();
  }
});

// One press is one deed.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.target.method !== "post" || event.defaultPrevented) return;
  button.setAttribute("aria-busy", "true");
  setTimeout(() => { button.disabled = true; });
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll('[aria-busy="true"]')) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});

// With one thing to pick there is nothing to ask: its form goes by itself. Not for whoever came
// back or loads the page again, and not for a browser that only looks ahead.
const arrival = performance.getEntriesByType("navigation")[0]?.type;
if (arrival === "navigate" && !document.prerendering) {
  const form = document.querySelector("form[data-autostart]");
  form?.requestSubmit(form.querySelector("button"));
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select, [contenteditable]")) return;
  const jump = document.querySelector("[data-jump]");
  if (jump) {
    event.preventDefault();
    jump.focus();
  }
});

// The server may answer an htmx request with HX-Trigger: {"toast": {"text": "…"}}.
document.addEventListener("toast", (event) => say(event.detail.text, event.detail.tone));
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, () => say("That did not work. Load the page again.", "bad"));
}
