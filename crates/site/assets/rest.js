// Shows the REST reference: tells the renderer what to show and what to leave alone.
"use strict";

const links = JSON.parse(document.getElementById("links").textContent);

// The document, with the gRPC methods at each operation.
async function read() {
  const reply = await fetch("openapi.json");
  if (!reply.ok) {
    throw new Error(`openapi.json was answered with ${reply.status}`);
  }
  const api = await reply.json();
  for (const item of Object.values(api.paths)) {
    for (const operation of Object.values(item)) {
      const rpcs = links.rpcs[operation?.operationId] ?? [];
      const targets = rpcs.map(([name, href]) => `[${name}](${href})`);
      if (targets.length > 0) {
        operation.description = `${operation.description ?? ""}\n\n**gRPC:** ${targets.join(", ")}`;
      }
    }
  }
  return api;
}

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
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
    metaData: { title: document.title },
  });
}

read().then(show, (error) => {
  main.textContent = `The reference cannot be shown: ${error.message}.`;
});
