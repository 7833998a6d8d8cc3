// Shows the REST reference: tells the renderer what to show and what to leave alone.
"use strict";

const links = JSON.parse(document.getElementById("links").textContent);

// What may be left out is shown with its example, and not sent unless it is ticked: a list
// that every filter applies to is empty.
function untick(parameter) {
  if (!parameter.required && parameter.example !== undefined) {
    parameter.examples = { default: { value: parameter.example, "x-disabled": true } };
    delete parameter.example;
  }
}

// The document, with the gRPC methods at each operation.
async function read() {
  const reply = await fetch("openapi.json");
  if (!reply.ok) {
    throw new Error(`openapi.json was answered with ${reply.status}`);
  }
  const api = await reply.json();
  for (const item of Object.values(api.paths)) {
    for (const operation of Object.values(item)) {
      operation?.parameters?.forEach(untick);
      const rpcs = links.rpcs[operation?.operationId] ?? [];
      const targets = rpcs.map(([name, href]) => `[${name}](${href})`);
      if (targets.length > 0) {
        operation.description = `${operation.description ?? ""}\n\n**gRPC:** ${targets.join(", ")}`;
      }
    }
  }
  return api;
}

// Corrects what screen readers are told wrongly: attributes that contradict each other,
// and landmarks that there can be only one of.
function correct() {
  const first = (selector) => document.querySelector(selector);
  const all = (selector) => document.querySelectorAll(selector);
  for (const element of all("button[role=none], button[role=alert], button[role=presentation]")) {
    element.removeAttribute("role");
  }
  for (const element of all("[role=combobox]:not([aria-expanded])")) {
    element.setAttribute("aria-expanded", "false");
  }
  for (const element of all(".scalar-app header:not([role])")) {
    element.setAttribute("role", "none");
    element.parentElement.setAttribute("role", "navigation");
    element.parentElement.setAttribute("aria-label", "Reference");
  }
  for (const element of all(".scalar-client section[aria-label^=Notifications]:not([data-named])")) {
    element.dataset.named = "";
    element.setAttribute("aria-label", "Notifications of requests");
  }
  // The one editor that has no name is that of a body.
  for (const element of all(".cm-content[role=textbox]:not([aria-label]):not([aria-labelledby])")) {
    element.setAttribute("aria-label", "Body");
  }
  // Code that is wider than its place can be scrolled with the keyboard.
  for (const element of all("[class*=language-]:not([tabindex])")) {
    element.tabIndex = 0;
  }
  // What a dialog covers is out of reach.
  const isCovered = first("[role=dialog][aria-modal=true]") !== null;
  for (const element of all("header.top, .references-rendered, .t-doc__sidebar, .t-doc__header, .bottom")) {
    if (element.inert !== isCovered) {
      element.inert = isCovered;
    }
  }
}

let isPlanned = false;
new MutationObserver(() => {
  if (!isPlanned) {
    isPlanned = true;
    requestAnimationFrame(() => {
      isPlanned = false;
      correct();
    });
  }
}).observe(document.body, { attributes: true, attributeFilter: ["role", "aria-modal"], childList: true, subtree: true });

const main = document.getElementById("main");

function show(content) {
  main.replaceChildren();
  window.Scalar.createApiReference(main, {
    content,
    // Nothing is fetched from elsewhere and nothing is told to anybody.
    withDefaultFonts: false,
    telemetry: false,
    proxyUrl: "",
    agent: { disabled: true },
    mcp: { disabled: true },
    externalUrls: {},
    showDeveloperTools: "never",
    hideClientButton: true,
    // The page follows the system, as all others do.
    hideDarkModeToggle: true,
    documentDownloadType: "none",
    // The anchors that the other pages link to.
    generateTagSlug: (tag) => links.tags[tag.name] ?? tag.name,
    generateOperationSlug: (operation) => operation.operationId,
    operationTitleSource: "summary",
    persistAuth: false,
    authentication: { preferredSecurityScheme: "bearer" },
    // The samples are those of the document, which have been run.
    hiddenClients: true,
    metaData: { title: document.title },
  });
}

read().then(show, (error) => {
  main.textContent = `The reference cannot be shown: ${error.message}.`;
});
