/** Documents with one thing wrong after the other: deterministic, from a seed. */

/** A number from 0 to below 1. */
export type Random = () => number;

/** The generator "mulberry32": the same numbers for the same seed on every engine. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

type Container = Record<string, unknown> | unknown[];
/** One value in a document: `holder[key]`. */
export interface Place {
  readonly holder: Container;
  readonly key: string;
  /** Such as `linux.namespaces.0.type`. */
  readonly path: string;
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** Every value below `document`, holders before what they hold. */
function places(document: unknown, path = ''): Place[] {
  if (!isContainer(document)) return [];
  return Object.entries(document).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [{ holder: document, key, path: at }, ...places(value, at)];
  });
}

const valueAt = ({ holder, key }: Place): unknown => (holder as Record<string, unknown>)[key];

function put({ holder, key }: Place, value: unknown): void {
  // Otherwise the property would be the prototype.
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

const ANY_TYPE = [null, true, false, 0, -1, 1.5, '', 'x', '\0', [], {}, [null], [{}], { x: 1 }] as const;
const BOUNDS = [
  ...[-(2 ** 63), -(2 ** 31) - 1, -(2 ** 31), -1001, -1000, -2, -1, 0, 1, 2, 7, 8, 511, 512, 1000, 1001],
  ...[4095, 65535, 65536, 999999999, 1e9, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 53],
  ...[2 ** 63, 2 ** 64 - 2048, 2 ** 64, 1e300, 0.5],
];
const PIECES = [
  '\0',
  '/',
  '..',
  '/../..',
  '\n',
  ',',
  ':',
  '=',
  ' ',
  '%',
  '%d',
  '%s',
  'é',
  '\ud800',
  '-',
  '0',
  '*',
];
const LONG = 5000;

/** A name as somebody might misspell it. */
function misspell(name: string, random: Random): string {
  const at = Math.floor(random() * name.length);
  const kinds = [
    () => name.slice(0, at) + name.slice(at + 1),
    () => name.slice(0, at) + name.charAt(at + 1) + name.charAt(at) + name.slice(at + 2),
    () => `${name}s`,
    () => (name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase()),
    () => pick(random, ['__proto__', 'constructor', 'toString', '']),
  ];
  return pick(random, kinds)();
}

function otherText(text: string, random: Random): string {
  const at = Math.floor(random() * (text.length + 1));
  const kinds = [
    () => misspell(text, random),
    () => text.slice(0, at) + pick(random, PIECES) + text.slice(at),
    () => text.slice(0, at) + 'x'.repeat(LONG),
    () => '',
    () => `/${text}`,
  ];
  return pick(random, kinds)();
}

function similar(value: unknown, random: Random): unknown {
  if (typeof value === 'string') return otherText(value, random);
  if (typeof value === 'number') return pick(random, BOUNDS);
  if (typeof value === 'boolean') return !value;
  return structuredClone(pick(random, ANY_TYPE));
}

/** name → a change of the value at that place; `all` are the places of the whole document. */
const KINDS: Record<string, (place: Place, random: Random, all: readonly Place[]) => void> = {
  remove: (place) => remove(place),
  retype: (place, random) => put(place, structuredClone(pick(random, ANY_TYPE))),
  value: (place, random) => put(place, similar(valueAt(place), random)),
  'same value': (place, random, all) => put(place, structuredClone(valueAt(pick(random, all)))),
  rename: (place, random) => {
    const value = valueAt(place);
    if (Array.isArray(place.holder)) return put(place, similar(value, random));
    remove(place);
    put({ ...place, key: misspell(place.key, random) }, value);
  },
  extra: (place, random) => {
    const value = valueAt(place);
    if (Array.isArray(value)) value.push(structuredClone(pick(random, [...ANY_TYPE, ...value])));
    else if (isContainer(value)) put({ ...place, holder: value, key: 'extra' }, pick(random, ANY_TYPE));
    else put(place, similar(value, random));
  },
};

/** Changes one thing in `document`, and returns what, in words; nothing when there is nothing in it. */
export function mutate(document: unknown, random: Random): string {
  const all = places(document);
  if (all.length === 0) return 'nothing';
  const place = pick(random, all);
  const kind = pick(random, Object.keys(KINDS));
  KINDS[kind]?.(place, random, all);
  return `${kind} ${place.path}`;
}

/** Copies of `document` with one value replaced or gone: each of its values by every type and by what limits it. */
export function* everyReplacement(document: unknown): Generator<unknown> {
  const count = places(document).length;
  for (let index = 0; index < count; index += 1) {
    const copyPlace = (copy: unknown): Place => places(copy)[index] as Place;
    const value = valueAt(copyPlace(document));
    const isNumber = typeof value === 'number';
    for (const other of isNumber ? [...ANY_TYPE, ...BOUNDS] : ANY_TYPE) {
      const copy = structuredClone(document);
      put(copyPlace(copy), structuredClone(other));
      yield copy;
    }
    const copy = structuredClone(document);
    remove(copyPlace(copy));
    yield copy;
  }
}
