// crypt_r is in no module of Swift's own.
#ifndef STEPTRACE_CCRYPT_SHIM_H
#define STEPTRACE_CCRYPT_SHIM_H

#include <crypt.h>

#endif
