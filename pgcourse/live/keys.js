// A value of a control as a part of a picture's key, as keys.py writes it: numbers in millionths.

const partOf = (value) => {
  if (Array.isArray(value)) return `[${value.map(partOf).join()}]`;
  return typeof value === "number" ? String(Math.floor(value * 1e6 + 0.5001)) : JSON.stringify(value ?? null);
};

// and back
const valueOf = (part) => {
  const read = (value) => (Array.isArray(value) ? value.map(read) : typeof value === "number" ? value / 1e6 : value);
  return read(JSON.parse(part));
};

