// libsensors, flattened: after `csensors_open` the readings of all chips stand in one table, since
// Swift can't walk the library's opaque iterators. Freestanding header. Not thread-safe, as the
// library isn't. It reads the real /sys: the path is compiled in and no variable moves it.
#pragma once
#include <stddef.h>

/// Most readings kept: a server board with every rail has about 100.
#define CSENSORS_READINGS_MAX 256

#define CSENSORS_TEMPERATURE 1
#define CSENSORS_FAN 2
#define CSENSORS_VOLTAGE 3
#define CSENSORS_ALARM 4
#define CSENSORS_POWER 5

/// Loads the library's configuration (`path`, or its own when NULL) and fills the table. The number
/// of readings, or a negative error.
int csensors_open(const char *path);
void csensors_close(void);

/// The chip's name ("rpi_volt"); NULL outside the table.
const char *csensors_chip(int index);
/// The feature's label ("in0").
const char *csensors_label(int index);
/// One of the kinds above; 0 outside the table.
int csensors_kind(int index);
/// The file that it is read from, NUL-terminated; its length, or a negative error.
int csensors_path(int index, char *buffer, size_t capacity);
/// 1 when a `compute` line of the configuration may apply to the value, else 0. Whether there is one,
/// the library doesn't tell.
int csensors_may_compute(int index);
/// °C, rpm, V, 0 or 1, W. 0 on success, or a negative error; never waits.
int csensors_value(int index, double *value);

const char *csensors_version(void);
const char *csensors_error_text(int error);
