#include <zlib.h>

/* inflateInit2 is a macro. 15 + 16: a gzip wrapper, the largest window. */
static inline int benchmark_inflate_init(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
