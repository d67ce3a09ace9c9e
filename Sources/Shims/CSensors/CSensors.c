#include "CSensors.h"
