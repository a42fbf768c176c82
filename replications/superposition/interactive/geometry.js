// The page's part: sliders for sparsity and importance, and six small models that train before the reader's eyes.
"use strict";

(() => {
  const root = document.querySelector(".superposition");
  const { draw, generator, lossGradient, start, describe } = globalThis.toyModel;
  const RUNS = 6, STEPS = 3000, BATCH = 256, RATE = 0.01, STEPS_PER_FRAME = 30, TEST_EXAMPLES = 20000;
  const SVG = "http://www.w3.org/2000/svg";
  const control = (name) => root.querySelector(`[name=${name}]`);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let seed = 1, frame = null;

  const element = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return parent.appendChild(made);
  };

  const settings = () => {
    const n = Number(control("features").value);
    const density = 10 ** -Number(control("sparsity").value);
    const decay = Number(control("importance").value), sparser = Number(control("sparser").value);
    return {
      hidden: 2, batch: BATCH, steps: STEPS, rate: RATE,
      density: Array.from({ length: n }, (_, i) => (i === n - 1 ? density / sparser : density)),
      importance: Array.from({ length: n }, (_, i) => decay ** i),
    };
  };

  const label = (spec) => {
    const n = spec.density.length, show = (name, text) => { control(name).nextElementSibling.textContent = text; };
    show("features", `${n}`);
    show("sparsity", `1 − S = ${spec.density[0].toPrecision(2)}`);
    show("importance", `× ${Number(control("importance").value).toFixed(2)} per feature`);
    show("sparser", `${Number(control("sparser").value).toFixed(2)} times`);
  };

  const picture = (svg, weight, n) => {
    svg.replaceChildren();
    element("circle", { cx: 0, cy: 0, r: 1, class: "superposition__circle" }, svg);
    for (let i = 0; i < n; i++) {
      const x = weight[i], y = -weight[n + i], length = Math.hypot(x, y), group = element("g", { "data-feature": i }, svg);
      element("line", { x1: 0, y1: 0, x2: x, y2: y }, group);
      element("circle", { cx: x, cy: y, r: 0.07 }, group);
      if (length > 0.3) {
        const text = element("text", { x: x * (1 + 0.24 / length), y: y * (1 + 0.24 / length) }, group);
        text.textContent = i + 1;
      }
    }
  };

  const panels = Array.from({ length: RUNS }, (_, run) => {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const svg = element("svg", { viewBox: "-1.6 -1.6 3.2 3.2", role: "img", "aria-label": `Model ${run + 1}` }, figure);
    figure.append(caption);
    root.querySelector(".superposition__models").append(figure);
    return { figure, svg, caption };
  });

  const finish = (models, spec) => {
    const n = spec.density.length, x = draw(spec.density, TEST_EXAMPLES, generator(12345));
    const losses = models.map((model) => lossGradient(x, model.weight, model.bias, spec.importance, 2).loss);
    const best = losses.indexOf(Math.min(...losses));
    panels.forEach(({ figure, svg, caption }, run) => {
      figure.classList.toggle("superposition__best", run === best);
      caption.textContent = `loss ${losses[run].toPrecision(3)}${run === best ? ", lowest" : ""}`;
      svg.setAttribute("aria-label", `Model ${run + 1}: ${describe(models[run].weight, n)
        .filter(({ length }) => length > 0.5).length} of ${n} features represented`);
    });
    const features = describe(models[best].weight, n);
    root.querySelector("tbody").replaceChildren(...features.map(({ length, dimensionality }, i) => {
      const row = document.createElement("tr");
      for (const text of [`${i + 1}`, spec.density[i].toPrecision(2), spec.importance[i].toPrecision(2),
        length.toFixed(2), dimensionality.toFixed(2)]) row.insertCell().textContent = text;
      return row;
    }));
    root.querySelector("[role=status]").textContent =
      `Trained. The model with the lowest loss represents ${features.filter(({ length }) => length > 0.5).length} of ${n} features ` +
      "in 2 dimensions.";
    root.dataset.state = "trained";
  };

  const run = () => {
    cancelAnimationFrame(frame);
    const spec = settings(), n = spec.density.length;
    const models = panels.map((_, number) => start({ ...spec, seed: seed * RUNS + number }));
    label(spec);
    root.dataset.state = "training";
    root.querySelector("[role=status]").textContent = "Training six models …";
    for (const { figure, caption } of panels) {
      figure.classList.remove("superposition__best");
      caption.textContent = "";
    }
    const advance = () => {
      for (const model of models) model.train(STEPS_PER_FRAME);
      const done = models[0].step >= STEPS;
      root.querySelector("progress").value = models[0].step / STEPS;
      if (done || !still.matches) panels.forEach(({ svg }, number) => picture(svg, models[number].weight, n));
      if (done) finish(models, spec);
      else frame = requestAnimationFrame(advance);
    };
    advance();
  };

  for (const input of root.querySelectorAll("input")) {
    input.addEventListener("input", () => label(settings()));
    input.addEventListener("change", run);
  }
  root.querySelector("button").addEventListener("click", () => { seed++; run(); });
  label(settings());
  root.querySelector(".superposition__demo").hidden = false;
  // The first training waits until the reader gets here.
  const seen = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) { seen.disconnect(); run(); }
  });
  seen.observe(root.querySelector(".superposition__models"));
})();
