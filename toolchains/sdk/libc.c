// The parts of glibc that a static program is better without. In a library that the linker sees before libc.a:
// a name that is defined here is not looked for there, and what only it referred to isn't linked (some
// 0.2 MB). A member of libc.a that came along all the same would be a duplicate symbol.

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// Names. glibc's resolver reads nsswitch.conf and loads modules of the very glibc it was built with, so it is
// never asked: the agent asks c-ares, and libcurl gets addresses.
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **result) {
    (void)name, (void)service, (void)hints;
    *result = NULL;
    return EAI_FAIL;
}
void freeaddrinfo(struct addrinfo *list) { (void)list; }
const char *gai_strerror(int code) {
    (void)code;
    return "Names are resolved elsewhere";
}
int getnameinfo(const struct sockaddr *address, socklen_t address_count, char *host, socklen_t host_count,
                char *service, socklen_t service_count, int flags) {
    (void)address, (void)address_count, (void)host, (void)host_count;
    (void)service, (void)service_count, (void)flags;
    return EAI_FAIL;
}
struct hostent *gethostbyname(const char *name) {
    (void)name;
    return NULL;
}
struct servent *getservbyname(const char *name, const char *protocol) {
    (void)name, (void)protocol;
    return NULL;
}
int getservbyport_r(int port, const char *protocol, struct servent *entry, char *buffer, size_t count,
                    struct servent **result) {
    (void)port, (void)protocol, (void)entry, (void)buffer, (void)count;
    *result = NULL;
    return 0;
}

// Modules for character sets. There are none to load, and the C locale needs none.
void *__libc_dlopen_mode(const char *name, int mode) {
    (void)name, (void)mode;
    return NULL;
}
void *__libc_dlsym(void *module, const char *name) {
    (void)module, (void)name;
    return NULL;
}
int __libc_dlclose(void *module) {
    (void)module;
    return 0;
}

// Messages in other languages: the locale stays C.
char *__dcgettext(const char *domain, const char *message, int category) {
    (void)domain, (void)category;
    return (char *)message;
}

// An assertion's text, on a stream of bytes: no stream here is of wide characters.
int __fxprintf(FILE *stream, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int count = vfprintf(stream ? stream : stderr, format, arguments);
    va_end(arguments);
    return count;
}

// Unwinding, which glibc's clean-up would want where a thread is cancelled. No thread is, and the tables
// that it would read are not in the program.
void _Unwind_Resume(void *exception) {
    (void)exception;
    abort();
}
int __gcc_personality_v0(void) { abort(); }
