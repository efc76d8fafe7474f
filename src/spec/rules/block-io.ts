import type { Document } from '../config.ts';
import { deviceNumbers } from './device-numbers.ts';
import { each, type Report, type Rule } from './rule.ts';

const FIELD = 'linux.resources.blockIO';
// The scale of cgroup v1, from which others are converted; 0 leaves the weight as it is.
const MIN_WEIGHT = 10;
const MAX_WEIGHT = 1000;

interface Weights {
  readonly weight?: number;
  readonly leafWeight?: number;
}

function checkWeights(field: string, weights: Weights, report: Report): void {
  for (const key of ['weight', 'leafWeight'] as const) {
    const weight = weights[key] ?? 0;
    if (weight !== 0 && (weight < MIN_WEIGHT || weight > MAX_WEIGHT))
      report(`${field}.${key}`, `must be from ${MIN_WEIGHT} to ${MAX_WEIGHT}, found ${weight}`);
  }
}

function blockIO({ linux }: Document, report: Report): void {
  const blockIO = linux?.resources?.blockIO;
  if (!blockIO) return;
  checkWeights(FIELD, blockIO, report);
  each(blockIO.weightDevice, (device, index) => {
    const field = `${FIELD}.weightDevice[${index}]`;
    deviceNumbers(field, device, report);
    checkWeights(field, device, report);
    if (device.weight === undefined && device.leafWeight === undefined)
      report(field, 'must have at least one of weight and leafWeight');
  });
  for (const operation of ['ReadBps', 'WriteBps', 'ReadIOPS', 'WriteIOPS'] as const) {
    const key = `throttle${operation}Device` as const;
    each(blockIO[key], (device, index) => {
      deviceNumbers(`${FIELD}.${key}[${index}]`, device, report);
      if (device.rate === undefined) report(`${FIELD}.${key}[${index}].rate`, 'is missing');
    });
  }
}

export const blockIORules: readonly Rule[] = [blockIO];
