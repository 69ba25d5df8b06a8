// mallopt is in no module of Swift's own.
#ifndef STEPTRACE_CMALLOC_SHIM_H
#define STEPTRACE_CMALLOC_SHIM_H

#include <malloc.h>

/// In Swift `mallinfo2()` is the empty struct of that name, not the function.
static inline struct mallinfo2 steptrace_mallinfo2(void) { return mallinfo2(); }

#endif
