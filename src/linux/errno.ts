/** Errno values that decisions depend on. Source: include/uapi/asm-generic/errno-base.h and errno.h of the kernel. */
export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const ENXIO = 6;
export const E2BIG = 7;
export const EAGAIN = 11;
export const EACCES = 13;
export const EFAULT = 14;
export const EEXIST = 17;
export const ENOTDIR = 20;
export const EINVAL = 22;
export const EPIPE = 32;
export const ENOSYS = 38;
export const EOPNOTSUPP = 95;
export const ECONNRESET = 104;
export const EDQUOT = 122;
