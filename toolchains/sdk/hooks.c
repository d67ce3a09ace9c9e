// The runtime functions that Embedded Swift expects from its platform and glibc doesn't have under
// the names it asks for. (posix_memalign, free, memmove, putchar and arc4random_buf it has.)
//
// Swift declares them in SwiftShims/RuntimeStubs.h and calls them for Double("3.25") and the like:
// they parse as the C locale does, whatever the process's locale, store the value, and return
// where the parse ended; Swift then checks that this is the string's end. The agent never calls
// setlocale, so plain strtod is the C locale's, and the same strtod as on the host.

#include <stdlib.h>
#include <string.h>
#include <strings.h>

// glibc reads "snan" as no number at all; the standard library of the host parses it, so we do.
static int is_signaling_nan(const char *text) {
    return strcasecmp(text, "snan") == 0 || strcasecmp(text, "+snan") == 0 ||
           strcasecmp(text, "-snan") == 0;
}

const char *_swift_stdlib_strtod_clocale(const char *text, double *value) {
    if (is_signaling_nan(text)) {
        *value = __builtin_nans("");
        return text + strlen(text);
    }
    char *end;
    *value = strtod(text, &end);
    return end;
}

const char *_swift_stdlib_strtof_clocale(const char *text, float *value) {
    if (is_signaling_nan(text)) {
        *value = __builtin_nansf("");
        return text + strlen(text);
    }
    char *end;
    *value = strtof(text, &end);
    return end;
}

// Rounded twice, by way of float, as the host's standard library rounds it.
const char *_swift_stdlib_strtof16_clocale(const char *text, _Float16 *value) {
    float wide;
    const char *end = _swift_stdlib_strtof_clocale(text, &wide);
    *value = (_Float16)wide;
    return end;
}
