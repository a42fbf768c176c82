// The interactive part of the induction heads page: attention over training, and the model itself in the browser.
"use strict";

(() => {
  const root = document.querySelector(".induction");
  const HEADS = ["previous_token", "induction"];
  const COLOUR = "0, 114, 178"; // the site's blue, shaded by attention

  const read = async (name) => {
    const answer = await fetch(root.dataset.results + name);
    if (!answer.ok) throw new Error(`${name}: got status ${answer.status}`);
    return answer;
  };

  // --- attention over training ---

  const showForming = async () => {
    const data = await (await read("attention.json")).json();
    const box = root.querySelector(".induction__forming");
    const slider = box.querySelector("input");
    const button = box.querySelector("button");
    const size = data.words.length;
    slider.max = data.tokens.length - 1;

    const draw = () => {
      const snapshot = Number(slider.value);
      for (const canvas of box.querySelectorAll("canvas")) {
        canvas.width = canvas.height = size;
        const image = canvas.getContext("2d").createImageData(size, size);
        const hex = data[canvas.dataset.head][snapshot];
        for (let place = 0; place < size * size; place++) {
          const share = parseInt(hex.slice(2 * place, 2 * place + 2), 16) / data.levels;
          const [low, high] = [[250, 250, 250], [0, 63, 110]];
          for (let c = 0; c < 3; c++) image.data[4 * place + c] = low[c] + share * (high[c] - low[c]);
          image.data[4 * place + 3] = 255;
        }
        canvas.getContext("2d").putImageData(image, 0, 0);
      }
      box.querySelector("output").textContent = `${(data.tokens[snapshot] / 1e6).toFixed(2)} M words seen`;
    };

    let timer = null;
    const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
    button.addEventListener("click", () => {
      if (timer) return stop();
      if (slider.value === slider.max) slider.value = 0;
      button.textContent = "Stop";
      timer = setInterval(() => {
        slider.value = Number(slider.value) + 1;
        draw();
        if (slider.value === slider.max) stop();
      }, 250);
    });
    slider.addEventListener("input", draw);
    slider.value = slider.max;
    draw();
    box.hidden = false;
  };

  // --- the model in the browser ---

  const loadScript = (url) => new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = done;
    script.onerror = () => failed(new Error(`${url} did not load`));
    document.head.append(script);
  });

  const openModel = async () => {
    await loadScript(root.dataset.runtime + "ort.wasm-core.min.js");
    ort.env.logLevel = "error";
    ort.env.wasm.numThreads = 1; // threads would need headers that a plain host does not send
    ort.env.wasm.simd = false;
    ort.env.wasm.wasmPaths = new URL(root.dataset.runtime, location.href).href;
    const bytes = new Uint8Array(await (await read("model.onnx")).arrayBuffer());
    return ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  };

  const startDemo = async (box) => {
    const status = box.querySelector(".induction__status");
    const button = box.querySelector("button");
    button.disabled = true;
    status.textContent = "Loading …";
    try {
      const demo = await (await read("demo.json")).json();
      const session = await openModel();
      button.hidden = true;
      status.textContent = "";
      runDemo(box.querySelector(".induction__live"), demo, session);
    } catch (error) {
      button.disabled = false;
      status.textContent = `The model could not be loaded: ${error.message}`;
    }
  };

  const runDemo = (box, demo, session) => {
    const text = box.querySelector("textarea");
    let chosen = null; // the word that attention is shown from; null = the last
    let wanted = 0;

    const update = async () => {
      const turn = ++wanted;
      const typed = text.value.toLowerCase().split(/\s+/).filter((word) => word);
      const unknown = [...new Set(typed.filter((word) => !demo.words.includes(word)))];
      const words = typed.filter((word) => demo.words.includes(word)).slice(-demo.longest);
      const notice = unknown.length ? `The model does not know: ${unknown.join(", ")}. Left out.` : "";
      box.querySelector(".induction__unknown").textContent = notice;
      const tokens = [demo.start, ...words.map((word) => demo.words.indexOf(word))];
      const input = new ort.Tensor("int64", BigInt64Array.from(tokens.map(BigInt)), [tokens.length]);
      const result = await session.run({ tokens: input });
      if (turn !== wanted) return; // the text has changed meanwhile
      const from = chosen === null || chosen >= tokens.length ? tokens.length - 1 : chosen;
      HEADS.forEach((head) => showWords(head, ["start", ...words], result[head].data, from));
      showNext(result.probabilities.data.slice(from * (demo.words.length + 1), (from + 1) * (demo.words.length + 1)));
    };

    const showWords = (head, words, pattern, from) => {
      const line = box.querySelector(`[data-head="${head}"]`);
      line.replaceChildren(...words.map((word, place) => {
        const button = document.createElement("button");
        const share = place <= from ? pattern[from * words.length + place] : 0;
        button.type = "button";
        button.textContent = word;
        button.title = `attention ${share.toFixed(2)}`;
        button.dataset.share = share.toFixed(3);
        button.style.background = `rgba(${COLOUR}, ${(0.75 * share).toFixed(3)})`;
        button.setAttribute("aria-pressed", String(place === from));
        button.addEventListener("click", () => { chosen = place; update(); });
        return button;
      }));
    };

    const showNext = (probabilities) => {
      const order = [...demo.words.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 5);
      box.querySelector(".induction__next").replaceChildren(...order.map((word) => {
        const item = document.createElement("li");
        const bar = document.createElement("meter");
        bar.value = probabilities[word];
        item.append(bar, `${demo.words[word]} ${(100 * probabilities[word]).toFixed(1)} %`);
        return item;
      }));
    };

    text.value = demo.text;
    text.addEventListener("input", () => { chosen = null; update(); });
    box.querySelector(".induction__vocabulary").textContent = demo.words.join(" ");
    box.hidden = false;
    update();
  };

  const demo = root.querySelector(".induction__demo");
  demo.hidden = false;
  demo.querySelector("button").addEventListener("click", () => startDemo(demo));
  showForming().catch((error) => console.warn(`attention over training is not shown: ${error.message}`));
})();
