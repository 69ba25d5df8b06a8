// mallopt is in no module of Swift's own.
#ifndef STEPTRACE_CMALLOC_SHIM_H
#define STEPTRACE_CMALLOC_SHIM_H

#include <malloc.h>

#endif
