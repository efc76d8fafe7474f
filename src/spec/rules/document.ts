import type { Document, Hook } from '../config.ts';
import { missing, show } from '../explain.ts';
import { hookKinds } from '../hook-kinds.ts';
import { namespaceOf } from '../query.ts';
import { each, hasNul, NUL, pathProblem, type Report, type Rule, variableProblem } from './rule.ts';

const SUPPORTED_VERSION = /^1\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
// __NEW_UTS_LEN of the kernel.
const MAX_NAME_BYTES = 64;
const MAX_BYTES_PER_UNIT = 3;
const OTHER_PLATFORMS = ['freebsd', 'solaris', 'vm', 'windows', 'zos'] as const;

function version({ ociVersion }: Document, report: Report): void {
  if (!SUPPORTED_VERSION.test(ociVersion)) {
    report('ociVersion', `must be a version 1.x.y of the specification, found ${show(ociVersion)}`);
  }
}

function root(document: Document, report: Report): void {
  const { root } = document;
  if (root === undefined) report('root', missing('root', document));
  else if (root.path === '') report('root.path', 'must not be empty');
  else if (hasNul(root.path)) report('root.path', NUL);
}

function platforms(spec: Document, report: Report): void {
  for (const platform of OTHER_PLATFORMS) {
    if (spec[platform]) report(platform, 'is for another platform than linux');
  }
}

function annotations({ annotations = {} }: Document, report: Report): void {
  if ('' in annotations) report('annotations', 'must not have an empty name');
}

function isTooLong(name: string): boolean {
  return name.length * MAX_BYTES_PER_UNIT > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES;
}

function names(spec: Document, report: Report): void {
  for (const field of ['hostname', 'domainname'] as const) {
    const name = spec[field];
    if (!name) continue;
    if (!namespaceOf(spec, 'uts')) report(field, 'needs a uts namespace');
    if (isTooLong(name)) report(field, `must have at most ${MAX_NAME_BYTES} bytes`);
    if (hasNul(name)) report(field, NUL);
  }
}

function hook({ path, args, env }: Hook, field: string, report: Report): void {
  const problem = pathProblem(path);
  if (problem) report(`${field}.path`, problem);
  each(args, (text, index) => {
    if (hasNul(text)) report(`${field}.args[${index}]`, NUL);
  });
  each(env, (text, index) => {
    const problem = variableProblem(text);
    if (problem) report(`${field}.env[${index}]`, problem);
  });
}

function hooks({ hooks }: Document, report: Report): void {
  if (!hooks) return;
  for (const kind of hookKinds) {
    each(hooks[kind], (entry, index) => hook(entry, `hooks.${kind}[${index}]`, report));
  }
}

export const documentRules: readonly Rule[] = [version, root, platforms, annotations, names, hooks];
