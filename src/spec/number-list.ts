/** The numbers of a list such as `0-3,7`, in which the kernel and config.json have CPUs and memory nodes. */
export function numbersIn(list: string): number[] {
  const numbers: number[] = [];
  for (const range of list.trim().split(',')) {
    if (range === '') continue;
    const [first = 0, last = first] = range.split('-').map(Number);
    for (let number = first; number <= last; number++) numbers.push(number);
  }
  return numbers;
}

/** The same as bytes, bit n for number n. */
export function bitmapOf(list: string): Uint8Array {
  const numbers = numbersIn(list);
  const bytes = new Uint8Array((Math.max(-1, ...numbers) >> 3) + 1);
  for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] as number) | (1 << (number & 7));
  return bytes;
}
