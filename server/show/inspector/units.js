// Numbers as a person reads them.

const inGroups = new Intl.NumberFormat("en");

export function grouped(number) {
  return inGroups.format(number);
}

export function duration(microseconds) {
  const size = Math.abs(microseconds);
  const sign = microseconds < 0 ? "−" : "";
  if (size < 1000) return `${sign}${Math.round(size)} µs`;
  if (size < 1e6) return `${sign}${significant(size / 1000)} ms`;
  return `${sign}${significant(size / 1e6)} s`;
}

export function bytes(count) {
  if (count === 1) return "1 byte";
  return `${grouped(count)} bytes`;
}

// Where there is little room.
export function shortBytes(count) {
  if (count >= 1e6) return `${significant(count / 1e6)} MB`;
  if (count >= 1e4) return `${significant(count / 1e3)} kB`;
  return `${grouped(count)} B`;
}

// For limits, which are powers of two.
export function roundBytes(count) {
  if (count >= 1 << 20) return `${significant(count / (1 << 20))} MiB`;
  if (count >= 1 << 10) return `${significant(count / (1 << 10))} KiB`;
  return bytes(count);
}

export function count(number, one, many) {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

// Three digits are as much as the eye compares.
function significant(number) {
  if (number >= 100) return grouped(Math.round(number));
  return String(Number(number.toPrecision(3)));
}
