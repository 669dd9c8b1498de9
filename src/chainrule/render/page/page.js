"use strict";

const root = document.documentElement;
const sections = document.querySelectorAll("section > details");
const contents = document.querySelector("nav > details");
const wide = matchMedia("(width >= 68rem)");
const status = document.querySelector(".status");

// Switches.
const switches = {
  dark: (on) => { root.dataset.theme = on ? "dark" : "light"; },
  large: (on) => root.toggleAttribute("data-large", on),
  fold: (on) => sections.forEach((section) => { section.open = !on; }),
};
for (const button of document.querySelectorAll("[data-switch]")) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    switches[button.dataset.switch](on);
  });
}
if (matchMedia("(prefers-color-scheme: dark)").matches) {
  document.querySelector("[data-switch=dark]").setAttribute("aria-pressed", true);
}

// Copying.
let forget;
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no clipboard where the page came without encryption
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    const before = document.activeElement;
    field.select();
    document.execCommand("copy");
    field.remove();
    before?.focus();
  }
  status.textContent = status.dataset.copied;
  clearTimeout(forget);
  forget = setTimeout(() => { status.textContent = ""; }, 1500);
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(button.dataset.copy || button.parentElement.querySelector("pre").textContent));
}

// A step as a page of its own, over this one, put together from what stands in this file: style and module once for all of them.
const held = (name) => document.getElementById(`live-${name}`).textContent;
const markup = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const element = (name, content, given = "") => `<${name}${given}>${content}</${name}>`; // no tag of a script stands in this one
for (const button of document.querySelectorAll("[data-live]")) {
  button.addEventListener("click", () => {
    const { live, title, close } = button.dataset;
    const dialog = document.createElement("dialog");
    const frame = document.createElement("iframe");
    const end = document.createElement("button");
    frame.title = title;
    const head = `<meta charset="utf-8">${element("title", markup(title))}${element("style", held("style"))}`;
    const own = JSON.parse(held(live)); // the steps of a run have most in common, which stands with the first
    const whole = JSON.stringify(own.like ? { ...JSON.parse(held(own.like)), ...own } : own).replaceAll("<", "\\u003c");
    const data = element("script", whole, ' type="application/json" id="content"');
    frame.srcdoc = `<!DOCTYPE html><html lang="${root.lang}">${element("head", head)}`
      + `${element("body", `<div id="page"></div>${data}${element("script", held("module"))}`)}</html>`;
    end.type = "button";
    end.textContent = close;
    end.addEventListener("click", () => dialog.close());
    dialog.className = "live";
    dialog.setAttribute("aria-label", title);
    dialog.append(end, frame);
    dialog.addEventListener("close", () => { dialog.remove(); button.focus(); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Contents: folded away where they would fill the screen; a link opens the section that it leads to.
const fit = () => { contents.open = wide.matches; };
wide.addEventListener("change", fit);
fit();
function open() {
  const details = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.querySelector("details");
  if (details) details.open = true;
}
addEventListener("hashchange", open);
open();

// What scrolls sideways can be reached by keyboard.
function reachable(box) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}
const boxes = document.querySelectorAll(".scroll");
const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => reachable(target)));
boxes.forEach((box) => sizes.observe(box));
document.fonts.ready.then(() => boxes.forEach(reachable)); // what is in a box may be wider in its own font

// On paper everything is unfolded.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...sections].filter((section) => !section.open);
  folded.forEach((section) => { section.open = true; });
});
addEventListener("afterprint", () => folded.forEach((section) => { section.open = false; }));
