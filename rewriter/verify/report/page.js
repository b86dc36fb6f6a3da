"use strict";
// Each chart tells the step of the part that is pointed at, or was chosen with a tap, the keyboard or the two buttons.
for (const chart of document.querySelectorAll(".chart")) {
  const parts = [...chart.querySelectorAll(".part")];
  const readout = chart.querySelector(".readout");
  let chosen = parts.findIndex((part) => "first" in part.dataset);

  const show = (at) => {
    const shown = parts[at];
    for (const part of parts) part.toggleAttribute("aria-current", part === shown);
    for (const name of ["value", "share", "place", "step"]) {
      readout.querySelector(`.readout-${name}`).textContent = shown.dataset[name];
    }
  };
  const choose = (at) => {
    parts[chosen].tabIndex = -1;
    chosen = (at + parts.length) % parts.length;
    parts[chosen].tabIndex = 0;
    show(chosen);
  };

  // A part of a pixel or none cannot be hit: what is thin is taken from some pixels away.
  const nearest = (bar, x) => {
    let found = -1;
    let least = Infinity;
    for (const part of bar.querySelectorAll(".part")) {
      const box = part.getBoundingClientRect();
      const thin = box.width < 6;
      const away = Math.abs(x - (box.left + box.right) / 2);
      const hit = thin ? away <= 4 : x >= box.left && x <= box.right;
      const rank = thin ? away - 100 : 0;
      if (hit && rank < least) [found, least] = [parts.indexOf(part), rank];
    }
    return found;
  };

  for (const bar of chart.querySelectorAll(".bar")) {
    bar.addEventListener("pointermove", (event) => {
      const at = event.pointerType === "mouse" ? nearest(bar, event.clientX) : -1;
      if (at >= 0) show(at);
    });
    bar.addEventListener("pointerleave", () => show(chosen));
    bar.addEventListener("click", (event) => {
      // A click by the keyboard has no place.
      const at = event.detail ? nearest(bar, event.clientX) : parts.indexOf(event.target.closest(".part"));
      if (at >= 0) choose(at);
    });
  }
  for (const [at, part] of parts.entries()) {
    part.removeAttribute("title");
    part.tabIndex = -1;
    part.addEventListener("focus", () => part.matches(":focus-visible") && choose(at));
    part.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(to);
      parts[chosen].focus();
    });
  }
  for (const button of chart.querySelectorAll(".turn")) {
    button.addEventListener("click", () => {
      readout.setAttribute("aria-live", "polite");
      choose(chosen + Number(button.dataset.turn));
    });
  }
  readout.hidden = false;
  choose(chosen);
}

// What is closed would be missing on paper.
const opened = new Set();
const print = (begins) => {
  for (const details of begins ? document.querySelectorAll("details:not([open])") : opened) {
    details.open = begins;
    if (begins) opened.add(details);
  }
  if (!begins) opened.clear();
};
matchMedia("print").addEventListener("change", (event) => print(event.matches));
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
