// libcurl's option setters are variadic, which Swift cannot call: one typed function for each kind of argument.
#ifndef STEPTRACE_CLIBCURL_SHIM_H
#define STEPTRACE_CLIBCURL_SHIM_H

#include <curl/curl.h>

#endif
