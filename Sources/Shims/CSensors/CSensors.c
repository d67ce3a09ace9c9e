#include "CSensors.h"

#include <sensors/error.h>
#include <sensors/sensors.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
    const sensors_chip_name *chip;
    char *label;
    int kind;
    const sensors_subfeature *subfeature;
};

static struct reading readings[CSENSORS_READINGS_MAX];
static int count;
static int is_open;

static int kind_of(sensors_subfeature_type type) {
    switch (type) {
    case SENSORS_SUBFEATURE_TEMP_INPUT: return CSENSORS_TEMPERATURE;
    case SENSORS_SUBFEATURE_FAN_INPUT: return CSENSORS_FAN;
    case SENSORS_SUBFEATURE_IN_INPUT: return CSENSORS_VOLTAGE;
    case SENSORS_SUBFEATURE_POWER_INPUT:
    case SENSORS_SUBFEATURE_POWER_AVERAGE: return CSENSORS_POWER;
    case SENSORS_SUBFEATURE_IN_LCRIT_ALARM:
    case SENSORS_SUBFEATURE_IN_CRIT_ALARM:
    case SENSORS_SUBFEATURE_TEMP_CRIT_ALARM: return CSENSORS_ALARM;
    default: return 0;
    }
}

static void collect(const sensors_chip_name *chip) {
    int feature_index = 0;
    const sensors_feature *feature;
    while ((feature = sensors_get_features(chip, &feature_index))) {
        int index = 0;
        const sensors_subfeature *sub;
        while ((sub = sensors_get_all_subfeatures(chip, feature, &index))) {
            int kind = kind_of(sub->type);
            if (!kind || !(sub->flags & SENSORS_MODE_R) || count == CSENSORS_READINGS_MAX) continue;
            char *label = sensors_get_label(chip, feature);
            if (!label) continue;
            readings[count++] = (struct reading){chip, label, kind, sub};
        }
    }
}

int csensors_open(const char *path) {
    csensors_close();
    FILE *file = path ? fopen(path, "re") : NULL;
    if (path && !file) return -SENSORS_ERR_ACCESS_R;
    int error = sensors_init(file);
    if (file) fclose(file);
    if (error) return error < 0 ? error : -error;
    is_open = 1;
    int index = 0;
    const sensors_chip_name *chip;
    while ((chip = sensors_get_detected_chips(NULL, &index))) collect(chip);
    return count;
}

void csensors_close(void) {
    for (int i = 0; i < count; i++) free(readings[i].label);
    count = 0;
    if (is_open) sensors_cleanup();
    is_open = 0;
}

static const struct reading *at(int index) {
    return index >= 0 && index < count ? &readings[index] : NULL;
}

const char *csensors_chip(int index) { return at(index) ? at(index)->chip->prefix : NULL; }
const char *csensors_label(int index) { return at(index) ? at(index)->label : NULL; }
int csensors_kind(int index) { return at(index) ? at(index)->kind : 0; }

int csensors_path(int index, char *buffer, size_t capacity) {
    const struct reading *reading = at(index);
    if (!reading) return -SENSORS_ERR_NO_ENTRY;
    int count = snprintf(buffer, capacity, "%s/%s", reading->chip->path, reading->subfeature->name);
    return count < 0 || (size_t)count >= capacity ? -SENSORS_ERR_NO_ENTRY : count;
}

int csensors_may_compute(int index) {
    const struct reading *reading = at(index);
    return reading && reading->subfeature->flags & SENSORS_COMPUTE_MAPPING ? 1 : 0;
}

int csensors_value(int index, double *value) {
    const struct reading *reading = at(index);
    if (!reading) return -SENSORS_ERR_NO_ENTRY;
    return sensors_get_value(reading->chip, reading->subfeature->number, value);
}

const char *csensors_version(void) { return libsensors_version; }

const char *csensors_error_text(int error) { return sensors_strerror(error); }
