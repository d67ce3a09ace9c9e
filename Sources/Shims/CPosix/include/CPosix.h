// The operating system, one call per function. The header is freestanding: the device's Swift
// importer sees no libc. Unless said otherwise a function returns a value >= 0, or -errno.
// Paths and names are NUL-terminated UTF-8; `dir` is an open directory, or CPOSIX_CWD.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CPOSIX_CWD (-100)

// Error numbers that Swift tells apart; errors.c asserts that they are this system's.
#define CPOSIX_EPERM 1
#define CPOSIX_ENOENT 2
#define CPOSIX_EINTR 4
#define CPOSIX_EIO 5
#define CPOSIX_ENXIO 6
#define CPOSIX_EAGAIN 11
#define CPOSIX_ENOMEM 12
#define CPOSIX_EACCES 13
#define CPOSIX_EBUSY 16
#define CPOSIX_EEXIST 17
#define CPOSIX_ENODEV 19
#define CPOSIX_ENOTDIR 20
#define CPOSIX_EISDIR 21
#define CPOSIX_EINVAL 22
#define CPOSIX_EFBIG 27
#define CPOSIX_ENOSPC 28
#define CPOSIX_EROFS 30
#define CPOSIX_ENAMETOOLONG 36
#define CPOSIX_EOPNOTSUPP 95
#define CPOSIX_ESTALE 116
#define CPOSIX_EDQUOT 122

/// The system's text for an error number (positive). Never NULL.
const char *cposix_error_text(int error);

// --- process.c: the process and the machine -------------------------------------------------------

/// The command line, taken by a constructor: Embedded Swift has no CommandLine.
int cposix_argc(void);
/// NULL outside 0 ..< cposix_argc().
const char *cposix_argv(int index);
/// NULL when unset.
const char *cposix_environment(const char *name);
int cposix_process_id(void);
/// Runs the exit handlers, then ends the process.
void cposix_exit(int status) __attribute__((noreturn));

/// CPUs online now; at least 1.
int cposix_cpu_count(void);
/// Bytes; 16384 on a Raspberry Pi 5.
long cposix_page_size(void);
/// uname's machine ("aarch64") and node name, NUL-terminated. Their length.
int cposix_machine(char *buffer, size_t capacity);
int cposix_host_name(char *buffer, size_t capacity);
/// Bytes that malloc has handed out and not got back.
uint64_t cposix_heap_in_use_bytes(void);

// --- clock.c ---------------------------------------------------------------------------------------

/// Milliseconds since boot, suspend included (CLOCK_BOOTTIME).
int64_t cposix_boottime_ms(void);
/// Milliseconds since 1970, right or wrong.
int64_t cposix_realtime_ms(void);
/// Nanoseconds of CLOCK_MONOTONIC, for measuring spans.
int64_t cposix_monotonic_ns(void);
/// 1 when the kernel calls its clock synchronised (adjtimex without STA_UNSYNC), else 0.
int cposix_clock_is_synchronised(void);
/// Sleeps the whole time, whatever signals come.
void cposix_sleep_ms(int64_t duration_ms);

#define CPOSIX_POLL_READ 1
#define CPOSIX_POLL_WRITE 2
/// POLLPRI: a PSI trigger fired, a sysfs attribute changed.
#define CPOSIX_POLL_PRIORITY 4
/// Error or hang-up; only ever in `ready`.
#define CPOSIX_POLL_ERROR 8

struct cposix_poll_item {
    int fd;
    int wanted;
    int ready;
};

/// Waits for the items, at most 64 of them. How many are ready; 0 after the timeout or a signal.
/// A negative timeout waits for ever.
int cposix_poll(struct cposix_poll_item *items, int count, int timeout_ms);

// --- file.c ----------------------------------------------------------------------------------------

/// A descriptor of the folder `path`.
int cposix_open_directory(int dir, const char *path);
/// A descriptor for reading. Anything but a regular file is refused (-EISDIR, -EINVAL) and never
/// waited for: a FIFO in a sensor's place must not block.
int cposix_open_read(int dir, const char *path);
int cposix_close(int fd);
/// 1 when the open file has no name any more: it was removed, or replaced by a rename.
int cposix_is_nameless(int fd);
/// Bytes read at `offset`; 0 at the end.
long cposix_pread(int fd, uint8_t *buffer, size_t capacity, int64_t offset);
/// The whole file from offset 0, through a descriptor that is kept open. -EFBIG when it is longer.
long cposix_pread_all(int fd, uint8_t *buffer, size_t capacity);
/// Open, read all, close. -EFBIG when the file is longer.
long cposix_read_file(int dir, const char *path, uint8_t *buffer, size_t capacity);
/// What the stream has now, at most `capacity`; 0 at its end. For pipes and standard input.
long cposix_read(int fd, uint8_t *buffer, size_t capacity);
/// The folder's names but "." and "..", each ended by a NUL. Bytes used; -EFBIG when they don't fit.
long cposix_list(int dir, const char *path, char *buffer, size_t capacity);

struct cposix_status {
    int64_t size;
    int64_t modified_ms;
    /// Permission bits.
    uint32_t mode;
    uint32_t owner;
    int is_directory;
    int is_regular;
};

/// Follows symbolic links.
int cposix_status(int dir, const char *path, struct cposix_status *status);
/// 1 when there is such a file or folder, else 0.
int cposix_exists(int dir, const char *path);
/// 1 when the process may write there, else 0.
int cposix_is_writable(int dir, const char *path);

// --- write.c ---------------------------------------------------------------------------------------

int cposix_write_all(int fd, const uint8_t *bytes, size_t count);
/// Writes into an existing regular file, in one write(2) as kernel files want it. Creates nothing.
int cposix_write_existing(int dir, const char *path, const uint8_t *bytes, size_t count);
/// Replaces `path` in one step: a temporary file in the same folder with `mode`, rename. With
/// `durable`, file and folder are synced: after a power cut it is the old or the new, whole.
int cposix_replace(const char *path, const uint8_t *bytes, size_t count, uint32_t mode, int durable);
/// Appends, creating the file with `mode` when it is missing.
int cposix_append(const char *path, const uint8_t *bytes, size_t count, uint32_t mode);
/// Makes the folder and those above it that are missing, each with `mode`. Existing ones stay as
/// they are.
int cposix_make_directories(const char *path, uint32_t mode);
int cposix_unlink(const char *path);
int cposix_rename(const char *from, const char *to);
int cposix_remove_directory(const char *path);
/// The lock file's descriptor, held until it is closed or the process ends. -EAGAIN when another
/// process holds it.
int cposix_lock(const char *path);

/// 1 when `fd` is a terminal, else 0.
int cposix_is_terminal(int fd);
/// Columns of the terminal on `fd`; 0 when it is none.
int cposix_terminal_columns(int fd);

// --- spool.c: files that grow -----------------------------------------------------------------------

/// A descriptor that appends, to a regular file made with `mode` when it is missing.
int cposix_open_append(const char *path, uint32_t mode);
/// A descriptor for reading and for writing in place.
int cposix_open_record(const char *path, uint32_t mode);
/// Bytes written at `offset`.
long cposix_pwrite(int fd, const uint8_t *bytes, size_t count, int64_t offset);
/// What was written is on the disk when it returns (fdatasync: content and length).
int cposix_sync_data(int fd);
int cposix_truncate(int fd, int64_t length);
/// Names made or removed in the folder are on the disk when it returns.
int cposix_sync_folder(const char *path);

// --- signal.c --------------------------------------------------------------------------------------

#define CPOSIX_SIGHUP 1
#define CPOSIX_SIGINT 2
#define CPOSIX_SIGTERM 15

/// From now on SIGTERM, SIGINT and SIGHUP arrive at a descriptor to poll, and SIGPIPE is ignored.
/// The same descriptor at every call.
int cposix_signals_open(void);
/// The next signal's number; 0 when none waits.
int cposix_signals_next(void);

// --- notify.c --------------------------------------------------------------------------------------

/// sd_notify(3): sends `state` ("READY=1") to $NOTIFY_SOCKET. 1 when sent, 0 when no one listens.
int cposix_notify(const char *state);
