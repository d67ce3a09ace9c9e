#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#define SAME(name) _Static_assert(CPOSIX_##name == name, #name)
SAME(EPERM);
SAME(ENOENT);
SAME(ESRCH);
SAME(EINTR);
SAME(EIO);
SAME(ENXIO);
SAME(EAGAIN);
SAME(ENOMEM);
SAME(EACCES);
SAME(EBUSY);
SAME(EEXIST);
SAME(ENODEV);
SAME(ENOTDIR);
SAME(EISDIR);
SAME(EINVAL);
SAME(EFBIG);
SAME(ENOSPC);
SAME(EROFS);
SAME(EPIPE);
SAME(ENAMETOOLONG);
SAME(EOPNOTSUPP);
SAME(EADDRINUSE);
SAME(ECONNRESET);
SAME(ECONNREFUSED);
SAME(ESTALE);
SAME(EDQUOT);
SAME(SIGHUP);
SAME(SIGINT);
SAME(SIGKILL);
SAME(SIGTERM);
SAME(SIGCHLD);
_Static_assert(CPOSIX_CWD == AT_FDCWD, "AT_FDCWD");

const char *cposix_error_text(int error) {
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}
