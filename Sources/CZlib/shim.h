// inflateInit2 and deflateInit2 are macros, which Swift cannot see.
#ifndef STEPTRACE_CZLIB_SHIM_H
#define STEPTRACE_CZLIB_SHIM_H

#include <zlib.h>

static inline int steptrace_inflate_init(z_streamp stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

static inline int steptrace_deflate_init(z_streamp stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}

#endif
