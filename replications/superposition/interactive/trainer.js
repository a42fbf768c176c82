// The toy model, trained in plain JavaScript: ReLU(WᵀWx + b) on sparse features, by Adam. No drawing here.
// Arrays of weights are flat: weight[k * n + i] is dimension k of feature i.
"use strict";

globalThis.toyModel = (() => {
  // A small random number generator (mulberry32), so that the same seed trains the same model.
  const generator = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

  // Fresh examples: a feature is zero, or uniform between 0 and 1.
  const draw = (density, examples, random) => {
    const x = new Float64Array(examples * density.length);
    for (let place = 0; place < x.length; place++) {
      const p = density[place % density.length], u = random();
      if (u < p) x[place] = u / p;
    }
    return x;
  };

  // Mean loss Σᵢ Iᵢ (xᵢ − x'ᵢ)² over the examples, and its gradients.
  const lossGradient = (x, weight, bias, importance, m) => {
    const n = bias.length, examples = x.length / n;
    const byWeight = new Float64Array(m * n), byBias = new Float64Array(n);
    const hidden = new Float64Array(m), slope = new Float64Array(n);
    let loss = 0;
    for (let e = 0; e < examples; e++) {
      const at = e * n;
      for (let k = 0; k < m; k++) {
        hidden[k] = 0;
        for (let i = 0; i < n; i++) hidden[k] += weight[k * n + i] * x[at + i];
      }
      for (let i = 0; i < n; i++) {
        let output = bias[i];
        for (let k = 0; k < m; k++) output += weight[k * n + i] * hidden[k];
        const error = Math.max(output, 0) - x[at + i];
        loss += importance[i] * error * error;
        slope[i] = output > 0 ? (2 * importance[i] * error) / examples : 0;
        byBias[i] += slope[i];
      }
      for (let k = 0; k < m; k++) {
        let back = 0;
        for (let i = 0; i < n; i++) back += slope[i] * weight[k * n + i];
        for (let i = 0; i < n; i++) byWeight[k * n + i] += hidden[k] * slope[i] + back * x[at + i];
      }
    }
    return { loss: loss / examples, byWeight, byBias };
  };

  const adam = (size) => {
    const mean = new Float64Array(size), square = new Float64Array(size);
    let time = 0;
    return (values, gradient, rate) => {
      time++;
      for (let i = 0; i < size; i++) {
        mean[i] = 0.9 * mean[i] + 0.1 * gradient[i];
        square[i] = 0.999 * square[i] + 0.001 * gradient[i] * gradient[i];
        const step = mean[i] / (1 - 0.9 ** time) / (Math.sqrt(square[i] / (1 - 0.999 ** time)) + 1e-8);
        values[i] -= rate * step;
      }
    };
  };

  // A model that is trained a few steps at a time.
  // spec: { density, importance: one number per feature; hidden, batch, steps, rate, seed }.
  const start = (spec) => {
    const n = spec.density.length, random = generator(spec.seed), spread = Math.sqrt(2 / (n + spec.hidden));
    const weight = Float64Array.from({ length: spec.hidden * n }, () => spread * normal(random));
    const bias = new Float64Array(n);
    const moveWeight = adam(weight.length), moveBias = adam(n);
    const model = { weight, bias, step: 0 };
    model.train = (steps) => {
      for (const last = Math.min(model.step + steps, spec.steps); model.step < last; model.step++) {
        const rate = (spec.rate * (1 + Math.cos((Math.PI * model.step) / spec.steps))) / 2;
        const found = lossGradient(draw(spec.density, spec.batch, random), weight, bias, spec.importance, spec.hidden);
        moveWeight(weight, found.byWeight, rate);
        moveBias(bias, found.byBias, rate);
      }
      return model;
    };
    return model;
  };

  // Length and fraction of a dimension of each feature.
  const describe = (weight, n) => {
    const m = weight.length / n;
    const dot = (i, j) => {
      let sum = 0;
      for (let k = 0; k < m; k++) sum += weight[k * n + i] * weight[k * n + j];
      return sum;
    };
    return Array.from({ length: n }, (_, i) => {
      const square = dot(i, i);
      let shared = 0;
      for (let j = 0; j < n; j++) shared += dot(i, j) ** 2;
      return { length: Math.sqrt(square), dimensionality: square > 1e-12 ? (square * square) / shared : 0 };
    });
  };

  return { generator, draw, lossGradient, start, describe };
})();
