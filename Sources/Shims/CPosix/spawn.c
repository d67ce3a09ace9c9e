// Children. Between fork and exec only calls that are safe after a fork in a process with threads.
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct failure {
    int error;
    int stage;
};

// The words of a list whose pieces each end in a NUL, behind the array's first `used` places.
static void split(const char *list, int count, const char **array, size_t used) {
    for (int i = 0; i < count; i++) {
        array[used++] = list;
        list += strlen(list) + 1;
    }
    array[used] = NULL;
}

static int names_alike(const char *a, const char *b) {
    size_t count = strcspn(a, "=");
    return !strncmp(a, b, count) && b[count] == '=';
}

// This process's environment, and over it the request's.
static const char **environment_of(const struct cposix_spawn_request *request) {
    size_t inherited = 0;
    while (environ && environ[inherited]) inherited++;
    size_t places = inherited + (size_t)request->environment_count + 1;
    const char **own = calloc(2 * places, sizeof *own);
    if (!own) return NULL;
    const char **given = own + places;
    split(request->environment, request->environment_count, given, 0);
    size_t used = 0;
    for (size_t i = 0; i < inherited; i++) {
        int replaced = 0;
        for (int j = 0; j < request->environment_count; j++)
            replaced |= names_alike(given[j], environ[i]);
        if (!replaced) own[used++] = environ[i];
    }
    for (int j = 0; j < request->environment_count; j++) own[used++] = given[j];
    return own;
}

static void become(const struct cposix_spawn_request *request, const char *const *arguments,
                   const char *const *environment, int must_join, int report) {
    struct failure failure = {0, CPOSIX_SPAWN_GROUP};
    if (must_join) {
        int fd = openat(request->group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, "0\n", 2) != 2) failure.error = errno;
        if (fd >= 0) close(fd);
    }
    if (!failure.error && request->output >= 0) {
        failure.stage = CPOSIX_SPAWN_EXEC;
        int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(request->output, 1) < 0 ||
            dup2(request->output, 2) < 0)
            failure.error = errno;
    }
    if (!failure.error) {
        failure.stage = CPOSIX_SPAWN_EXEC;
        struct sigaction standard = {.sa_handler = SIG_DFL};
        for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execvpe(arguments[0], (char *const *)arguments, (char *const *)environment);
        failure.error = errno;
    }
    (void)!write(report, &failure, sizeof failure);
    _exit(127);
}

// Born in its group: it never runs, and never allocates, outside of it. Linux 5.7.
static pid_t fork_into(int group) {
    struct clone_args arguments = {0};
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = (uint64_t)group;
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

int cposix_spawn(const struct cposix_spawn_request *request, int *stage) {
    *stage = CPOSIX_SPAWN_FORK;
    if (request->argument_count < 1) return -EINVAL;
    const char **arguments = calloc((size_t)request->argument_count + 1, sizeof *arguments);
    const char **environment = environment_of(request);
    int report[2] = {-1, -1};
    int result = !arguments || !environment || pipe2(report, O_CLOEXEC) ? -errno : 0;
    sigset_t all, before;
    sigfillset(&all);
    if (!result) {
        split(request->arguments, request->argument_count, arguments, 0);
        // A handler of ours must not run in the child: it would write into our own pipe.
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int must_join = request->group >= 0;
        pid_t child = -1;
        if (must_join) {
            child = fork_into(request->group);
            // An old kernel, an emulator, a filter of system calls: the child then joins by itself,
            // and tells the reason where it can't.
            if (child >= 0) must_join = 0;
        }
        if (child < 0) child = fork();
        if (child == 0) become(request, arguments, environment, must_join, report[1]);
        result = child < 0 ? -errno : child;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (report[1] >= 0) close(report[1]);
    if (result > 0) {
        // Closed by exec: nothing to read is good news.
        struct failure failure;
        long count = cposix_read(report[0], (uint8_t *)&failure, sizeof failure);
        if (count == sizeof failure) {
            while (waitpid(result, NULL, 0) < 0 && errno == EINTR) {}
            *stage = failure.stage;
            result = -failure.error;
        }
    }
    if (report[0] >= 0) close(report[0]);
    free(arguments);
    free(environment);
    return result;
}

int cposix_child_state(int child, int *status) {
    int raw;
    pid_t found;
    do found = waitpid(child, &raw, WNOHANG);
    while (found < 0 && errno == EINTR);
    if (found <= 0) return found < 0 ? -errno : 0;
    *status = WIFSIGNALED(raw) ? 256 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return 1;
}

int cposix_send_signal(int process, int number) { return kill(process, number) ? -errno : 0; }

int cposix_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK) ? -errno : 0; }
