// Glibc's Swift module leaves malloc.h out.
#ifndef STEPTRACE_BENCHMARKS_MALLOC_INFO_H
#define STEPTRACE_BENCHMARKS_MALLOC_INFO_H

#include <malloc.h>

#endif
