/** Medians and ratios, as a Markdown table and as plain data. */

function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const low = sorted[Math.floor(position)];
  return low + (sorted[Math.ceil(position)] - low) * (position % 1);
}

const median = (values) => quantile(values, 0.5);

/** Samples → { what: { runtime: { median, min, p90, samples } } }. */
export function summarize({ all }) {
  const summary = (values) => ({
    median: median(values),
    min: Math.min(...values),
    p90: quantile(values, 0.9),
    samples: values.length,
  });
  return Object.fromEntries(
    [...all].map(([what, row]) => [
      what,
      Object.fromEntries(Object.entries(row).map(([name, values]) => [name, summary(values)])),
    ]),
  );
}

/** One row for each thing measured; the ratios are those of the first runtime to each of the others. */
export function table(unit, summary, names) {
  const [first, ...others] = names;
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rows = Object.entries(summary).map(([what, row]) => {
    if (row.baseline)
      return line([what, row.baseline.median.toFixed(1), ...Array(names.length * 2 - 2).fill('')]);
    const values = names.map((name) => row[name].median.toFixed(1));
    const ratios = others.map((name) => (row[first].median / row[name].median).toFixed(2));
    return line([what, ...values, ...ratios]);
  });
  const head = [unit, ...names, ...others.map((name) => `${first} / ${name}`)];
  return [line(head), `|---${'|---:'.repeat(head.length - 1)}|`, ...rows].join('\n');
}
