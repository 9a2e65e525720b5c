// Compares a PDF with the hashes on the page. The file is read and hashed here and goes nowhere.
"use strict";

const section = document.getElementById("compare");
if (section && window.crypto?.subtle) start(section);

function start(section) {
  const drop = section.querySelector(".drop");
  const input = section.querySelector("input");
  drop.hidden = false;
  input.addEventListener("change", () => compare(section, input.files[0]));
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => event.preventDefault()); // a miss must not open the file instead
  }
  document.addEventListener("dragover", () => drop.classList.add("over"));
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    compare(section, event.dataTransfer.files[0]);
  });
}

async function compare(section, file) {
  if (!file) return;
  say(section, "busy");
  try {
    const bytes = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    const hash = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
    say(section, section.dataset.hashes.split(" ").includes(hash) ? "same" : "differs");
  } catch {
    say(section, "failed");
  }
}

function say(section, what) {
  const result = section.querySelector("#result");
  result.className = what;
  result.textContent = section.dataset[what];
}
