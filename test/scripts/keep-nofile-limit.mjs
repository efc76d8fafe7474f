/**
 * At its start Bun raises the soft RLIMIT_NOFILE to the hard one, before any line of ours runs; the caller's
 * value, which the container must get, is lost by then. Bun has no option against it. So the executable's import of
 * `setrlimit` is renamed to `getrlimit`, which has the same parameters and symbol version: Bun then asks a second time
 * instead of setting. Nothing else in it uses the symbol, and our own calls go through koffi, which looks
 * functions up in libc. The hash table of a symbol table covers defined symbols only, an import's name is free.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const SHT_STRTAB = 3;
const SHT_DYNSYM = 11;

/** The section headers of a 64-bit little-endian ELF file. Source: elf(5). */
function sections(elf) {
  const start = Number(elf.readBigUInt64LE(40));
  const size = elf.readUInt16LE(58);
  const count = elf.readUInt16LE(60);
  return Array.from({ length: count }, (_, index) => {
    const header = elf.subarray(start + index * size);
    const word = (offset) => Number(header.readBigUInt64LE(offset));
    return { type: header.readUInt32LE(4), offset: word(24), size: word(32), link: header.readUInt32LE(40) };
  });
}

/** Where in the file the only string `name` of the dynamic symbols' names lies; -1 without one. */
function findName(elf, name) {
  const all = sections(elf);
  const symbols = all.find(({ type }) => type === SHT_DYNSYM);
  const names = symbols && all[symbols.link];
  if (names?.type !== SHT_STRTAB) throw new Error('no dynamic string table');
  const table = elf.subarray(names.offset, names.offset + names.size);
  const string = `\0${name}\0`;
  const found = table.indexOf(string);
  if (found !== table.lastIndexOf(string)) throw new Error(`more than one ${name}`);
  return found === -1 ? -1 : names.offset + found + 1;
}

/** Changes the executable `file`; an error says that this Bun differs from what is described above. */
export function keepNofileLimit(file) {
  const elf = readFileSync(file);
  if (elf.subarray(0, 6).toString('latin1') !== '\x7fELF\x02\x01')
    throw new Error(`${file}: not a 64-bit ELF file`);
  const position = findName(elf, 'setrlimit');
  if (position === -1 || findName(elf, 'getrlimit') === -1)
    throw new Error(`${file}: does not import setrlimit and getrlimit`);
  elf.write('getrlimit', position);
  // Anew, as a whole: the kernel maps large pieces of a file only if it has got it in large pieces (docs/performance.md).
  rmSync(file);
  writeFileSync(file, elf);
}
