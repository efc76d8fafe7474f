export type { Features, LinuxFeatures } from './generated/features.ts';
