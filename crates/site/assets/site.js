// What every page can do with a script: open the navigation, copy code, and search. Each
// of them is absent without one, and nothing else is.
"use strict";

const root = document.currentScript.dataset.root;
document.documentElement.classList.add("scripted");

function menu() {
  const button = document.querySelector("button.menu");
  const navigation = document.getElementById("menu");
  if (!button || !navigation) {
    return;
  }
  button.hidden = false;
  const show = (isOpen) => {
    navigation.classList.toggle("open", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
  };
  button.addEventListener("click", () => show(!navigation.classList.contains("open")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && navigation.classList.contains("open")) {
      show(false);
      button.focus();
    }
  });
}

function copying() {
  if (!navigator.clipboard) {
    return;
  }
  for (const block of document.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    block.append(button);
  }
}

// How well an entry fits what was typed: less is better, and nothing at all is no fit.
function distance(name, words) {
  let sum = 0;
  for (const word of words) {
    const at = name.indexOf(word);
    if (at < 0) {
      return undefined;
    }
    const end = at + word.length;
    const beginsWord = at === 0 || /[^a-z0-9]/.test(name[at - 1]);
    const endsWord = end === name.length || /[^a-z0-9]/.test(name[end]);
    sum += at / 10 + (beginsWord ? 0 : 20) + (endsWord ? 0 : 10);
  }
  return sum + name.length / 100;
}

function search() {
  const button = document.querySelector("button.search");
  if (!button || !window.HTMLDialogElement) {
    return;
  }
  const most = 30;
  const dialog = document.createElement("dialog");
  dialog.className = "finder";
  dialog.setAttribute("aria-label", "Search");
  dialog.innerHTML =
    '<form method="dialog" role="search"><label class="hidden" for="finder">Search the documentation</label>' +
    '<input id="finder" type="search" placeholder="Operation, method, type, reason …" autocomplete="off" spellcheck="false">' +
    "<button>Close</button></form><ul></ul><p role=\"status\"></p>";
  document.body.append(dialog);
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("ul");
  const status = dialog.querySelector("p");
  let entries;

  const update = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.replaceChildren();
    if (words.length === 0 || !entries) {
      status.textContent = entries ? "Type to search in all pages." : "The index is being loaded.";
      return;
    }
    const found = entries
      .map((entry) => [distance(entry.text, words), entry])
      .filter(([rank]) => rank !== undefined)
      .sort(([a], [b]) => a - b);
    for (const [, { name, kind, href }] of found.slice(0, most)) {
      const link = document.createElement("a");
      link.href = root + href;
      const label = document.createElement("span");
      label.textContent = kind;
      link.append(name, label);
      link.addEventListener("click", () => dialog.close());
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    status.textContent =
      found.length === 0 ? "Nothing was found." :
      found.length > most ? `The best ${most} of ${found.length}.` :
      found.length === 1 ? "1 was found." : `${found.length} were found.`;
  };

  const open = async () => {
    dialog.showModal();
    input.select();
    update();
    if (entries) {
      return;
    }
    try {
      const reply = await fetch(root + "search.json");
      const index = await reply.json();
      entries = index.map(([name, kind, href]) => ({
        name, kind, href, text: name.toLowerCase(),
      }));
      update();
    } catch {
      status.textContent = "The index cannot be loaded.";
    }
  };

  input.addEventListener("input", update);
  dialog.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && links.length > 0) {
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      (links[at - 1] ?? input).focus();
    } else if (event.key === "Enter" && event.target === input) {
      links[0]?.click();
    } else {
      return;
    }
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) {
      dialog.close();
    }
  });
  button.hidden = false;
  button.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      open();
    }
  });
}

menu();
copying();
search();
